import type { Framing } from "./body-reader.ts";
import { closeGaps, textWithout } from "./header-lines.ts";
import { HeaderFacts } from "./header-scan.ts";

const statusLine = /HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/y;
const minorAt = 7;
const statusAt = 9;
const zero = 48;

/** One response head, checked as strictly as a request's. */
export class ResponseHead {
  readonly status: number;
  readonly framing: Framing;
  readonly contentLength: number;
  /** The replica will take another request on this connection. */
  readonly keepAlive: boolean;
  readonly #text: string;
  readonly #facts: HeaderFacts;

  /** `text` is a head whose `facts` were found acceptable. */
  constructor(text: string, facts: HeaderFacts, requestIsHead: boolean) {
    const status =
      (text.charCodeAt(statusAt) - zero) * 100 +
      (text.charCodeAt(statusAt + 1) - zero) * 10 +
      (text.charCodeAt(statusAt + 2) - zero);
    this.status = status;
    this.framing = requestIsHead || hasNoBody(status) ? "none" : responseFraming(facts);
    this.contentLength = Math.max(facts.contentLength, 0);
    const persists = isHttp11(text) || facts.keepAlive;
    this.keepAlive = this.framing !== "eof" && !facts.close && persists;
    this.#text = text;
    this.#facts = facts;
  }

  /** Bytes of the head, the empty line included. */
  get length(): number {
    return this.#text.length + 2;
  }

  /** `Keep-Alive: timeout=` in seconds; -1 when it said nothing. */
  get keepAliveSeconds(): number {
    return this.#facts.keepAliveSeconds;
  }

  /** A 101 that says which protocol follows (RFC 9110 §7.8); without that it changes nothing. */
  get switches(): boolean {
    const { connectionUpgrade, upgrade } = this.#facts;
    return this.status === 101 && connectionUpgrade && upgrade !== null && /[^\s,]/.test(upgrade);
  }

  /** The head of a 101 that `switches`, to send to the client. */
  get switching(): string {
    return this.rewritten(`Connection: Upgrade\r\nUpgrade: ${this.#facts.upgrade}\r\n`);
  }

  /**
   * A 1xx after which everybody reads on for the answer: it neither ends the connection nor names a
   * length, which some take for that of a body.
   */
  get isPlainInterim(): boolean {
    const { contentLength, chunked } = this.#facts;
    return this.status < 200 && this.keepAlive && contentLength < 0 && !chunked;
  }

  /** It announces server-sent events. */
  get eventStream(): boolean {
    return this.#facts.eventStream;
  }

  /** Whether events could be seen in the bytes of the body: it is not compressed. */
  get plain(): boolean {
    return !this.#facts.encoded;
  }

  /** Whether the head may go to an HTTP/1.1 client that stays connected as `passing` gives it. */
  get mayPass(): boolean {
    return isHttp11(this.#text);
  }

  /**
   * `message`, which is this head with what followed it, as it may be passed on: its own bytes,
   * less the lines that were meant for the proxy, which are taken out in place.
   */
  passing(message: Buffer): Buffer {
    const { dropped } = this.#facts;
    return dropped === null ? message : message.subarray(closeGaps(message, dropped));
  }

  /** The head to send to the client, with that `Connection` line and the empty line. */
  rewritten(connectionLine: string): string {
    const { droppedForOurs } = this.#facts;
    return `HTTP/1.1${textWithout(this.#text, minorAt + 1, droppedForOurs)}${connectionLine}\r\n`;
  }
}

/** Parses `text`: a head up to and including the CRLF of its last line. Null: not acceptable. */
export function parseResponseHead(text: string, requestIsHead: boolean): ResponseHead | null {
  statusLine.lastIndex = 0;
  if (!statusLine.test(text)) return null;
  const facts = new HeaderFacts("response");
  if (facts.scan(text, statusLine.lastIndex) !== null) return null;
  // RFC 9110 §15.2, RFC 9112 §6.1: HTTP/1.0 knows neither.
  if (!isHttp11(text) && (facts.chunked || isInterim(text))) return null;
  return new ResponseHead(text, facts, requestIsHead);
}

function isHttp11(text: string): boolean {
  return text.charCodeAt(minorAt) === zero + 1;
}

function isInterim(text: string): boolean {
  return text.charCodeAt(statusAt) === zero + 1;
}

function hasNoBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

function responseFraming(facts: HeaderFacts): Framing {
  if (facts.chunked) return "chunked";
  return facts.contentLength >= 0 ? "length" : "eof";
}
