import { createRequire } from "node:module";

/** One message as llhttp understood it. Texts are latin1. */
export interface Message {
  /** Of a request; an answer's is empty. */
  readonly method: string;
  readonly target: string;
  /** Of an answer; a request's is 0. */
  readonly status: number;
  readonly reason: string;
  /** `1.1` */
  readonly version: string;
  /** Names as they came; values without the blanks around them. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly complete: boolean;
}

/** Where llhttp stopped, and with which of its codes: `HPE_INVALID_CHUNK_SIZE`. */
export interface Refusal {
  readonly code: string;
  /** Messages whose head was accepted before; the last of them may have been refused in its body. */
  readonly after: number;
}

export interface Understood {
  readonly messages: readonly Message[];
  /** Null: nothing was refused so far. */
  readonly refusal: Refusal | null;
}

type Pairs = (readonly [string, string])[];
type Open = {
  -readonly [Key in keyof Message]: Message[Key] extends Message["trailers"] ? Pairs : Message[Key];
};

interface RawParser {
  initialize(type: number, resource: object, maxHeadBytes: number, lenient: number): void;
  execute(data: Buffer): number | Error;
  finish(): Error | undefined;
  close(): void;
  [callback: number]: (...args: never[]) => unknown;
}

interface RawClass {
  new (): RawParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnMessageBegin: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
  readonly kLenientNone: number;
}

// The parser that node:http itself uses, with the strictness that it uses by default.
const common: { readonly HTTPParser: RawClass; readonly methods: readonly string[] } =
  createRequire(import.meta.url)("node:_http_common");
const { HTTPParser, methods } = common;
/** Limits are the proxy's own matter: llhttp shall have none. Bytes. */
const unlimited = 1 << 24;

const inUpgrade = Object.assign(new Error("malformed"), { code: "HPE_IN_UPGRADE" });

/** Node holds each until it is closed. */
const open: RawParser[] = [];

/** Ends all parsers that there are; what they understood stays. */
export function closeParsers(): void {
  for (const parser of open.splice(0)) parser.close();
}

/** What else llhttp has to be told. */
export interface LlhttpOptions {
  readonly kind: "request" | "response";
  /** Whether that answer's body is only announced, because it answers HEAD. */
  readonly bodiless?: (answer: Message, index: number) => boolean;
}

/** llhttp as node:http uses it, fed piece by piece. A request for an upgrade is taken as declined. */
export class Llhttp implements Understood {
  readonly messages: Open[] = [];
  refusal: Refusal | null = null;
  /** The last complete message was the last of its connection. */
  closed = false;
  /** A message has begun whose head is not complete. */
  begun = false;
  /** Bytes that came when it was over. */
  beyond = 0;
  /** An answer changed the protocol. */
  switched = false;
  readonly #options: LlhttpOptions;
  #parser: RawParser;
  #open: Open | null = null;
  /** An upgrade was asked for: what follows is HTTP for whoever did not take part in it. */
  #declined = false;
  #lines: string[] = [];
  #target = "";

  constructor(options: LlhttpOptions) {
    this.#options = options;
    this.#parser = this.#newParser();
  }

  /** False when nothing more is understood after it. */
  feed(data: Buffer): boolean {
    if (this.over) this.beyond += data.length;
    let rest = data;
    while (rest.length > 0 && !this.over) {
      if (this.#declined) this.#parser = this.#newParser();
      this.#declined = false;
      const taken = this.#parser.execute(rest);
      if (typeof taken !== "number") this.#refuse(taken);
      // Within a message that asked for an upgrade node's binding keeps errors to itself.
      else if (taken < rest.length && this.#open?.upgrade === true) this.#refuse(inUpgrade);
      else if (taken === 0) throw new Error(`llhttp took nothing of ${rest.toString("latin1")}`);
      else rest = rest.subarray(taken);
    }
    return !this.over;
  }

  /** The connection ended here. */
  end(): void {
    if (this.over) return;
    const error = this.#parser.finish();
    if (error !== undefined) this.#refuse(error);
  }

  get over(): boolean {
    return this.closed || this.switched || this.refusal !== null;
  }

  #newParser(): RawParser {
    const { kind, bodiless } = this.#options;
    const parser = new HTTPParser();
    open.push(parser);
    const type = kind === "request" ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
    parser.initialize(type, {}, unlimited, HTTPParser.kLenientNone);
    parser[HTTPParser.kOnMessageBegin] = () => {
      this.begun = true;
    };
    parser[HTTPParser.kOnHeaders] = (lines: readonly string[], target: string) => {
      this.#target += target;
      this.#lines.push(...lines);
    };
    parser[HTTPParser.kOnHeadersComplete] = (...head: HeadArguments) => {
      const open = this.#begin(head);
      if (bodiless?.(open, this.messages.length - 1) !== true || this.switched) return 0;
      // The binding said what it would be with a body, which it does not know yet to be absent.
      open.keepAlive ||= isEofFramed(open) && staysOpen(open);
      return 1;
    };
    parser[HTTPParser.kOnBody] = (part: Buffer) => {
      if (this.#open !== null) this.#open.body += part.toString("latin1");
    };
    parser[HTTPParser.kOnMessageComplete] = () => this.#complete();
    return parser;
  }

  #begin(head: HeadArguments): Open {
    const [major, minor, lines, method, target, status, reason, upgrade, keepAlive] = head;
    const open: Open = {
      method: method === undefined ? "" : methodOf(method),
      target: target ?? this.#target,
      status: status ?? 0,
      reason: reason ?? "",
      version: `${major}.${minor}`,
      headers: pairsOf(lines ?? this.#lines),
      keepAlive,
      upgrade,
      body: "",
      trailers: [],
      complete: false,
    };
    this.#lines = [];
    this.#target = "";
    this.begun = false;
    this.#open = open;
    this.messages.push(open);
    if (open.status === 101 && upgrade) this.switched = true;
    return open;
  }

  #complete(): void {
    const open = this.#open;
    if (open === null) return;
    open.trailers = pairsOf(this.#lines);
    this.#lines = [];
    this.#target = "";
    open.complete = true;
    this.#open = null;
    this.#declined = open.upgrade;
    if (!open.keepAlive && !isInterim(open)) this.closed = true;
  }

  #refuse(error: Error): void {
    const code = "code" in error ? String(error.code) : error.message;
    // What comes after the last message of a connection is no part of it.
    if (code === "HPE_CLOSED_CONNECTION") this.closed = true;
    else this.refusal = { code, after: this.messages.length };
  }
}

/** A 1xx that an answer still follows. */
export function isInterim({ status }: Pick<Message, "status">): boolean {
  return status >= 100 && status < 200 && status !== 101;
}

/** An answer without a length ends with its connection. */
export function isEofFramed(message: Message): boolean {
  const { status } = message;
  const framed = ["content-length", "transfer-encoding"].some(
    (name) => valuesOf(message, name).length > 0,
  );
  return !framed && status >= 200 && status !== 204 && status !== 304;
}

function staysOpen(message: Message): boolean {
  const said = ["connection", "proxy-connection"].flatMap((name) => valuesOf(message, name));
  const tokens = said.flatMap((value) => value.toLowerCase().split(/[ \t]*,[ \t]*/));
  return message.version === "1.1" ? !tokens.includes("close") : tokens.includes("keep-alive");
}

/** Values of the headers of that name, lower case. */
export function valuesOf({ headers }: Pick<Message, "headers">, name: string): readonly string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

type HeadArguments = [
  major: number,
  minor: number,
  lines: readonly string[] | undefined,
  method: number | undefined,
  target: string | undefined,
  status: number | undefined,
  reason: string | undefined,
  upgrade: boolean,
  keepAlive: boolean,
];

// The binding's numbers are llhttp's own; the list lacks those of other protocols in between.
const query = 46;

function methodOf(number: number): string {
  const named = number < methods.indexOf("SOURCE") + 1 ? methods[number] : undefined;
  return named ?? (number === query ? "QUERY" : `method ${number}`);
}

function pairsOf(lines: readonly string[]): Pairs {
  const pairs: Pairs = [];
  for (let at = 0; at < lines.length; at += 2) pairs.push([lines[at] ?? "", lines[at + 1] ?? ""]);
  return pairs;
}
