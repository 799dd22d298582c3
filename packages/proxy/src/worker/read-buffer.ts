/** Enough for most answers; twice as many connections cost twice as much. Bytes. */
const smallBytes = 16_384;
/** For who sends more than that at once. Bytes. */
const largeBytes = 65_536;

/**
 * The memory that one connection is read into. The bytes of a read are passed on without a copy, so
 * the same memory is used again only when nobody holds them any more.
 */
export class ReadBuffer {
  #buffer = Buffer.allocUnsafeSlow(smallBytes);

  /** The bytes of a read; valid until `next`, or for ever when that is told that they are held. */
  bytes(count: number): Buffer {
    return this.#buffer.subarray(0, count);
  }

  /** The memory for the next read; `count` bytes came with the last one, and maybe are `held`. */
  next(count: number, held: boolean): Buffer {
    const full = count === this.#buffer.length;
    if (held || (full && count < largeBytes)) {
      this.#buffer = Buffer.allocUnsafeSlow(full ? largeBytes : this.#buffer.length);
    }
    return this.#buffer;
  }
}
