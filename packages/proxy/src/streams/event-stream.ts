import { ChunkedEnd } from "../http/chunked-end.ts";
import { EventBoundary } from "./event-boundary.ts";

const lastChunk = Buffer.from("0\r\n\r\n");
const lineFeed = Buffer.from("\n");

/** What is sent to the client in place of some bytes. */
export interface Passed {
  readonly bytes: readonly Buffer[];
  /** The answer is complete with them. */
  readonly ended: boolean;
}

/**
 * The body of an answer of server-sent events, which can be ended early and be a complete answer all
 * the same: behind the empty line that ends an event, with a last chunk where it is chunked. The bytes
 * were checked before. First all is passed on (`pass`); after the first `end` what comes goes
 * through `passUntilEnd`: the rest of the chunk at hand as it is, then chunks of our own.
 */
export class EventStream {
  readonly #boundary = new EventBoundary();
  readonly #chunks: ChunkedEnd | null;
  /** The client has the size of the chunk at hand already, or a part of it. */
  #inChunk = true;

  constructor(framing: "chunked" | "eof") {
    this.#chunks = framing === "chunked" ? new ChunkedEnd() : null;
  }

  /** Follows bytes that are sent on as they are. */
  pass(data: Buffer): void {
    const chunks = this.#chunks;
    if (chunks === null) this.#boundary.take(data, 0, data.length);
    else for (let at = 0; at < data.length; ) at = this.#advance(chunks, data, at);
  }

  /** What completes the answer right here; null: it cannot end here. */
  end(): readonly Buffer[] | null {
    if (!this.#boundary.here || this.#chunks?.between === false) return null;
    return this.#completion();
  }

  /** What to send of these bytes, up to where the answer can end. */
  passUntilEnd(data: Buffer): Passed {
    const chunks = this.#chunks;
    if (chunks === null) return this.#find(data, 0, data.length);
    const at = this.#inChunk ? this.#finishChunk(chunks, data) : 0;
    const whole = at === 0 ? [] : [data.subarray(0, at)];
    if (this.#inChunk || chunks.ended) return { bytes: whole, ended: chunks.ended };
    if (this.#boundary.here) return { bytes: [...whole, ...this.#completion()], ended: true };
    const { bytes, ended } = this.#rechunk(chunks, data, at);
    return { bytes: [...whole, ...bytes], ended };
  }

  /** The index after the chunk at hand, or after what there is of it. */
  #finishChunk(chunks: ChunkedEnd, data: Buffer): number {
    let at = 0;
    while (at < data.length && !chunks.between && !chunks.ended) {
      at = this.#advance(chunks, data, at);
    }
    this.#inChunk = !chunks.between;
    return at;
  }

  #advance(chunks: ChunkedEnd, data: Buffer, from: number): number {
    const { inData } = chunks;
    const at = chunks.advance(data, from);
    // A body that is broken has been refused before it comes here.
    const to = at < 0 ? data.length : at;
    if (inData) this.#boundary.take(data, from, to);
    return to;
  }

  #rechunk(chunks: ChunkedEnd, data: Buffer, from: number): Passed {
    const bytes: Buffer[] = [];
    let at = from;
    while (at < data.length && !chunks.ended) {
      const begin = at;
      const { inData } = chunks;
      at = chunks.advance(data, begin);
      if (!inData) continue;
      const found = this.#find(data, begin, at);
      bytes.push(...found.bytes);
      if (found.ended) return { bytes, ended: true };
    }
    if (chunks.ended) bytes.push(lastChunk);
    return { bytes, ended: chunks.ended };
  }

  #find(data: Buffer, from: number, to: number): Passed {
    const at = this.#boundary.find(data, from, to);
    if (at < 0) return { bytes: this.#framed(data.subarray(from, to)), ended: false };
    const last = this.#framed(data.subarray(from, at));
    return { bytes: [...last, ...this.#completion()], ended: true };
  }

  #completion(): readonly Buffer[] {
    const missing = this.#boundary.needsLf ? this.#framed(lineFeed) : [];
    return this.#chunks === null ? missing : [...missing, lastChunk];
  }

  #framed(data: Buffer): readonly Buffer[] {
    if (this.#chunks === null) return [data];
    return [Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")];
  }
}
