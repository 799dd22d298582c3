import { ChunkedEnd, more } from "./chunked-end.ts";

/** How the end of a body is found; `eof` ends with the connection. */
export type Framing = "none" | "length" | "chunked" | "eof";

/** Follows one body and finds its end; the bytes themselves are never changed. */
export class BodyReader {
  readonly framing: Framing;
  done: boolean;
  #left: number;
  readonly #chunks: ChunkedEnd | null;

  /** `length` in bytes, read for framing `length` only. */
  constructor(framing: Framing, length: number) {
    this.framing = framing;
    this.#left = framing === "length" ? length : 0;
    this.#chunks = framing === "chunked" ? new ChunkedEnd() : null;
    this.done = framing === "none" || (framing === "length" && length === 0);
  }

  /** The index after the last byte of the body in `data`, `more`, or `broken`. */
  take(data: Buffer, from: number): number {
    if (this.done) return from;
    if (this.#chunks !== null) {
      const end = this.#chunks.scan(data, from);
      this.done = end >= 0;
      return end;
    }
    if (this.framing === "eof") return more;
    const taken = Math.min(this.#left, data.length - from);
    this.#left -= taken;
    this.done = this.#left === 0;
    return this.done ? from + taken : more;
  }
}
