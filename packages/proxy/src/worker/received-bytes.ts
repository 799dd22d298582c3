import { hasBareLineFeed } from "../http/header-lines.ts";
import { isHeadTooLong } from "../http/header-scan.ts";
import type { Reason } from "../http/reasons.ts";
import { parseRequestHead, type RequestHead } from "../http/request-head.ts";

const emptyLine = Buffer.from("\r\n\r\n");
const carriageReturn = 13;
const lineFeed = 10;

/** What came on a client connection and belongs to no request yet. */
export class ReceivedBytes {
  #bytes: Buffer | null = null;
  /** `#bytes` is memory that the next read overwrites. */
  #borrowed = false;
  /** No head ends before this index of `#bytes`. */
  #searched = 0;

  get length(): number {
    return this.#bytes?.length ?? 0;
  }

  /** More than the beginning of an empty line. */
  get beginsHead(): boolean {
    return this.length > 1 || (this.length === 1 && this.#bytes?.[0] !== carriageReturn);
  }

  /** Takes bytes that are valid until the next `keep`. */
  add(data: Buffer): void {
    this.#borrowed = this.#bytes === null;
    this.#bytes = this.#bytes === null ? data : Buffer.concat([this.#bytes, data]);
  }

  /** Copies what is still needed when a call ends: the next read overwrites it, of whichever client. */
  keep(): void {
    if (this.#borrowed && this.#bytes !== null) this.#bytes = Buffer.from(this.#bytes);
    this.#borrowed = false;
  }

  /** Hands all of them over, in memory of their own; null: there are none. */
  take(): Buffer | null {
    this.keep();
    const bytes = this.#bytes;
    this.drop();
    return bytes;
  }

  drop(): void {
    this.#bytes = null;
    this.#searched = 0;
  }

  /** Takes the next head; why not, where there can be none; null: it is not complete. */
  nextHead(): RequestHead | Reason | null {
    const bytes = this.#withoutBlankLines();
    if (bytes === null || !this.beginsHead) return null;
    const end = bytes.indexOf(emptyLine, Math.max(0, this.#searched - 3));
    if (isHeadTooLong(end, bytes.length)) {
      return bytes.includes("\r\n") ? "head-too-large" : "target-too-long";
    }
    if (end < 0) {
      if (isNoMethod(bytes[0] ?? 0) || hasBareLineFeed(bytes, this.#searched)) return "bad-request";
      this.#searched = bytes.length;
      return null;
    }
    this.#searched = 0;
    const head = parseRequestHead(bytes.toString("latin1", 0, end + 2));
    this.#bytes = end + 4 < bytes.length ? bytes.subarray(end + 4) : null;
    return head;
  }

  // RFC 9112 §2.2: empty lines before a request line are ignored.
  #withoutBlankLines(): Buffer | null {
    const bytes = this.#bytes;
    if (bytes === null || bytes[0] !== carriageReturn) return bytes;
    let at = 0;
    while (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed) at += 2;
    if (at === 0) return bytes;
    this.#bytes = at < bytes.length ? bytes.subarray(at) : null;
    this.#searched = Math.max(0, this.#searched - at);
    return this.#bytes;
  }
}

// A TLS hello may hold no line feed, and its client would wait for as long as a head may take.
function isNoMethod(first: number): boolean {
  return first <= 32 || first >= 127;
}
