import { type BodyReader, ChunkedBody, LengthBody, RestOfConnectionBody } from "./body-reader.ts";

/** A complete answer. */
export interface Answer {
  readonly status: number;
  /** The `X-Hitless-Reason` header, with which a proxy explains an answer of its own. */
  readonly reason: string | null;
  /** Whether the connection may carry another request. */
  readonly reusable: boolean;
  readonly body: string;
  /** Bytes behind the end of the answer, in the read that ended it: it should be 0. */
  readonly surplusBytes: number;
}

interface Head {
  readonly status: number;
  readonly reason: string | null;
  readonly persistent: boolean;
  readonly body: BodyReader;
}

const maxHeadBytes = 64 * 1024;
const headEnd = Buffer.from("\r\n\r\n");

/**
 * Reads one HTTP/1.x answer. `push` and `end` return the answer once it is complete, else null;
 * they throw `SyntaxError` when the bytes are not HTTP. Interim (1xx) answers are passed over.
 */
export class AnswerReader {
  #headBytes: Buffer | null = null;
  #head: Head | null = null;
  #began = false;

  /** Whether any byte was seen. */
  get began(): boolean {
    return this.#began;
  }

  /** Takes what was read; keeps no reference to `chunk`. */
  push(chunk: Buffer): Answer | null {
    this.#began = true;
    if (this.#head !== null) return this.#pushBody(this.#head, chunk, 0);
    const bytes = this.#headBytes === null ? chunk : Buffer.concat([this.#headBytes, chunk]);
    const end = bytes.indexOf(headEnd);
    if (end === -1) {
      if (bytes.length > maxHeadBytes) throw new SyntaxError("a head of more than 64 KiB");
      this.#headBytes = Buffer.from(bytes);
      return null;
    }
    this.#headBytes = null;
    const head = parseHead(bytes.toString("latin1", 0, end));
    const rest = end + headEnd.length;
    if (head.status < 200) return rest < bytes.length ? this.push(bytes.subarray(rest)) : null;
    this.#head = head;
    return this.#pushBody(head, bytes, rest);
  }

  /** The connection was closed in order: the end of a body that has no other end. */
  end(): Answer | null {
    return this.#head?.body.endsWithConnection === true ? answerOf(this.#head, 0) : null;
  }

  #pushBody(head: Head, bytes: Buffer, from: number): Answer | null {
    const end = head.body.push(bytes, from);
    return head.body.done ? answerOf(head, bytes.length - end) : null;
  }
}

function answerOf(head: Head, surplusBytes: number): Answer {
  return {
    status: head.status,
    reason: head.reason,
    reusable: head.persistent && head.body.done && surplusBytes === 0,
    body: head.body.text(),
    surplusBytes,
  };
}

function parseHead(text: string): Head {
  const lines = text.split("\r\n");
  const start = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(lines[0] ?? "");
  if (start === null) throw new SyntaxError(`not HTTP: ${JSON.stringify(text.slice(0, 40))}`);
  const status = Number(start[2]);
  const headers = parseHeaders(lines);
  const connection = (headers.get("connection") ?? "").toLowerCase();
  const asksToClose = /(^|[\s,])close([\s,]|$)/.test(connection);
  const keeps = start[1] === "1" || /(^|[\s,])keep-alive([\s,]|$)/.test(connection);
  return {
    status,
    reason: headers.get("x-hitless-reason") ?? null,
    persistent: keeps && !asksToClose,
    body: bodyReaderOf(status, headers),
  };
}

function parseHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new SyntaxError(`not a header: ${JSON.stringify(line.slice(0, 40))}`);
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

function bodyReaderOf(status: number, headers: ReadonlyMap<string, string>): BodyReader {
  if (status < 200 || status === 204 || status === 304) return new LengthBody(0);
  const encoding = headers.get("transfer-encoding");
  if (encoding !== undefined && /(^|[\s,])chunked$/i.test(encoding)) return new ChunkedBody();
  const length = headers.get("content-length");
  if (length === undefined) return new RestOfConnectionBody();
  if (!/^\d{1,15}$/.test(length)) throw new SyntaxError(`a content-length of ${length}`);
  return new LengthBody(Number(length));
}
