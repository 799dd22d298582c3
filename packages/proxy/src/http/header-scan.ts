import { insertRange, type LineRanges, lineValue, trimBlanks } from "./header-lines.ts";
import { mayBeNominated, neverPasses, saysWhoAsked } from "./header-names.ts";
import type { Reason } from "./reasons.ts";

/** Heads longer than this are refused (431 for requests, 502 for responses). Bytes. */
const maxHeadBytes = 16_384;
/** More header lines than this are refused. */
const maxHeaders = 100;

/**
 * Whether a head is too long whose empty line begins at `end`, below 0: is not among the `length`
 * bytes that came. However they came: up to three bytes of the end may be there already.
 */
export function isHeadTooLong(end: number, length: number): boolean {
  return end < 0 ? length > maxHeadBytes + 3 : end > maxHeadBytes;
}

/** What lines belong to: clients must not say who they are, replicas may say what they like. */
export type LinesOf = "request" | "response";

// One expression refuses obs-fold, space before the colon, bare CR or LF, NUL and control characters.
const headerLines = /(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/y;
const saysClose = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;
const hostForm = /^[A-Za-z0-9\-._~%!$&'()*+;=:[\]]*$/;

/** What header lines say about framing, persistence and forwarding. */
export class HeaderFacts {
  /** -1 when there is none. */
  contentLength = -1;
  chunked = false;
  close = false;
  keepAlive = false;
  /** `Connection: upgrade` was said. */
  connectionUpgrade = false;
  upgrade: string | null = null;
  host: string | null = null;
  /** `Keep-Alive: timeout=`, in seconds; -1 when there is none. */
  keepAliveSeconds = -1;
  /** A response's `Content-Type: text/event-stream`. */
  eventStream = false;
  /** Names, in lower case, and values of a request's lines that say who asked, and as what; null when there are none. */
  said: string[] | null = null;
  /** A `Content-Encoding` was said: what the body says cannot be seen in its bytes. */
  encoded = false;
  /** Lines that must not be forwarded as they came; null when there are none. */
  dropped: LineRanges | null = null;
  /**
   * Where a `Connection` line begins and ends that says `keep-alive` and nothing else: between two
   * HTTP/1.1 peers it changes nothing and may pass. -1 when there is none.
   */
  #idleLineFrom = -1;
  #idleLineTo = -1;
  /** Headers that `Connection` nominated, lower case. */
  #nominated: string[] | null = null;
  readonly #of: LinesOf;
  // The line at hand: where it begins, its colon, and where the next one begins.
  #text = "";
  #from = 0;
  #colon = 0;
  #to = 0;

  constructor(of: LinesOf) {
    this.#of = of;
  }

  /** The lines that do not pass where a `Connection` line of our own is written. */
  get droppedForOurs(): LineRanges {
    const dropped = this.dropped ?? [];
    if (this.#idleLineFrom < 0) return dropped;
    return insertRange(dropped, this.#idleLineFrom, this.#idleLineTo);
  }

  /** Checks the lines of `text` from `from` to its end. Returns why they are refused, or null. */
  scan(text: string, from: number): Reason | null {
    headerLines.lastIndex = from;
    if (!headerLines.test(text)) return "bad-request";
    this.#text = text;
    let lines = 0;
    for (let at = from; at < text.length; at = this.#to) {
      this.#from = at;
      this.#to = text.indexOf("\r\n", at) + 2;
      lines += 1;
      const letter = text.charCodeAt(at) | 32;
      const refused = mayMatter(letter) ? this.#noteLine(letter) : null;
      if (refused !== null) return refused;
    }
    if (lines > maxHeaders) return "head-too-large";
    if (this.#nominated !== null) this.#dropNominated(from, this.#nominated);
    return this.chunked && this.contentLength >= 0 ? "bad-framing" : null;
  }

  #noteLine(letter: number): Reason | null {
    this.#colon = this.#text.indexOf(":", this.#from);
    if (letter !== letterP && !lengthMatters(this.#colon - this.#from)) return null;
    const name = this.#text.slice(this.#from, this.#colon).toLowerCase();
    switch (name) {
      case "content-length":
        return this.#noteContentLength();
      case "transfer-encoding":
        return this.#noteTransferEncoding();
      case "host":
        return this.#noteHost();
      default:
        this.#noteOther(name);
        return null;
    }
  }

  #noteOther(name: string): void {
    switch (name) {
      case "connection":
        this.#noteConnection();
        return;
      case "content-type":
        this.eventStream = this.#of === "response" && /^text\/event-stream/i.test(this.#value());
        return;
      case "content-encoding":
        this.encoded = true;
        return;
      case "upgrade":
        this.upgrade = this.upgrade === null ? this.#value() : `${this.upgrade}, ${this.#value()}`;
        this.#drop();
        return;
      case "proxy-connection":
        // No standard knows it, and Node's parser ends the connection all the same.
        if (saysClose.test(this.#value())) this.close = true;
        this.#drop();
        return;
      case "keep-alive":
        this.keepAliveSeconds = timeoutOf(this.#value());
        this.#drop();
        return;
      default:
        if (neverPasses(name)) this.#drop();
        else if (this.#of === "request") this.#noteUnlessOurs(name);
    }
  }

  // CGI and what came after it (WSGI, Rack, PHP) write both `-` and `_` as `_`: X_Forwarded_For would be ours too.
  #noteUnlessOurs(name: string): void {
    if (saysWhoAsked(name)) this.#noteSaid(name);
    else if (name.includes("_") && saysWhoAsked(name.replaceAll("_", "-"))) this.#drop();
  }

  #noteSaid(name: string): void {
    this.#drop();
    if (this.said === null) this.said = [name, this.#value()];
    else this.said.push(name, this.#value());
  }

  #value(): string {
    return lineValue(this.#text, this.#colon + 1);
  }

  #drop(): void {
    if (this.dropped === null) this.dropped = [this.#from, this.#to];
    else this.dropped.push(this.#from, this.#to);
  }

  #noteHost(): Reason | null {
    const value = this.#value();
    if (this.host !== null || !hostForm.test(value)) return "bad-host";
    this.host = value;
    return null;
  }

  /** Of a line that frames: parsers differ on tabs around it, so it has none. */
  #framingValue(): string {
    const value = this.#text.slice(this.#colon + 1, this.#to - 2);
    return value.includes("\t") ? "" : trimBlanks(value);
  }

  #noteContentLength(): Reason | null {
    const value = this.#framingValue();
    if (this.contentLength >= 0 || !/^\d{1,15}$/.test(value)) return "bad-framing";
    this.contentLength = Number(value);
    return null;
  }

  #noteTransferEncoding(): Reason | null {
    const value = this.#framingValue();
    if (this.chunked) return "bad-framing";
    if (value.toLowerCase() !== "chunked") {
      return /^[\w!#$%&'*+\-.^`|~]+$/.test(value) ? "transfer-coding" : "bad-framing";
    }
    this.chunked = true;
    return null;
  }

  #noteConnection(): void {
    const value = this.#value().toLowerCase();
    if (value === "keep-alive" && this.#idleLineFrom < 0) {
      this.keepAlive = true;
      this.#idleLineFrom = this.#from;
      this.#idleLineTo = this.#to;
      return;
    }
    this.#drop();
    for (const part of value.split(",")) {
      const token = trimBlanks(part);
      if (token === "close") this.close = true;
      else if (token === "keep-alive") this.keepAlive = true;
      else if (token === "upgrade") this.connectionUpgrade = true;
      else if (mayBeNominated(token)) {
        this.#nominated ??= [];
        this.#nominated.push(token);
      }
    }
  }

  #dropNominated(from: number, nominated: readonly string[]): void {
    const text = this.#text;
    let dropped = this.dropped ?? [];
    for (let at = from; at < text.length; ) {
      const to = text.indexOf("\r\n", at) + 2;
      const name = text.slice(at, text.indexOf(":", at)).toLowerCase();
      if (nominated.includes(name)) dropped = insertRange(dropped, at, to);
      at = to;
    }
    this.dropped = dropped;
  }
}

/** Whether a name that matters begins with that lower-case letter: c, f, h, k, p, t, u or x. */
function mayMatter(letter: number): boolean {
  switch (letter) {
    case 99:
    case 102:
    case 104:
    case 107:
    case letterP:
    case 116:
    case 117:
    case 120:
      return true;
    default:
      return false;
  }
}

/** `Proxy-` begins names of any length. */
const letterP = 112;

// Spares most names of a browser's head a copy in lower case.
function lengthMatters(length: number): boolean {
  return length > 8 || length === 7 || length === 4 || length === 2;
}

function timeoutOf(value: string): number {
  const found = /(?:^|[,\s;])timeout\s*=\s*"?(\d{1,9})/i.exec(value);
  return found === null ? -1 : Number(found[1]);
}
