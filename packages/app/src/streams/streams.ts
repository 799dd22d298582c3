/** An answer or connection without an end of its own: it has to be told. */
export interface LiveStream {
  /** Ends it where the protocol allows; the client should come back after about `retryMs`, and will reach somebody else. */
  end(retryMs: number): void;
  /** The budget is over. */
  destroy(): void;
}

const perStreamMs = 20;
const leastRetryMs = 250;

/** Ends streams spread over time, so that their clients do not come back all at once. */
export class Streams {
  readonly #waiting = new Map<LiveStream, number>();
  readonly #open = new Set<LiveStream>();
  readonly #claimed = new WeakSet<object>();
  #windowMs: number | null = null;
  /** Closed since their end began. */
  ended = 0;

  get size(): number {
    return this.#open.size;
  }

  /** True the first time: whoever asked is the one who ends this answer or connection. */
  claim(carrier: object): boolean {
    if (this.#claimed.has(carrier)) return false;
    this.#claimed.add(carrier);
    return true;
  }

  /** Returns what to call when it has closed. */
  add(stream: LiveStream): () => void {
    this.#open.add(stream);
    if (this.#windowMs !== null) this.#waiting.set(stream, performance.now());
    return () => this.#remove(stream);
  }

  /** Begins: each gets a time of its own within 20 ms a stream, but within `mostMs` in all. */
  endSpread(mostMs: number): void {
    const windowMs = Math.min(mostMs, this.#open.size * perStreamMs);
    const now = performance.now();
    let place = 0;
    for (const stream of this.#open) {
      this.#waiting.set(stream, now + (place / this.#open.size) * windowMs);
      place += 1;
    }
    this.#windowMs = windowMs;
  }

  /** Ends those whose time has come. To be called often. */
  endDue(): void {
    const now = performance.now();
    for (const [stream, at] of this.#waiting) {
      if (at > now) continue;
      this.#waiting.delete(stream);
      const retryMs =
        leastRetryMs + Math.round(Math.random() * Math.max(1000, this.#windowMs ?? 0));
      try {
        stream.end(retryMs);
      } catch {
        // What a library's own `end` or `close` threw: the others are ended all the same.
        stream.destroy();
      }
    }
  }

  /** How many there were. */
  destroyAll(): number {
    const cut = [...this.#open];
    this.#waiting.clear();
    this.#open.clear();
    for (const stream of cut) stream.destroy();
    return cut.length;
  }

  #remove(stream: LiveStream): void {
    this.#waiting.delete(stream);
    if (this.#open.delete(stream) && this.#windowMs !== null) this.ended += 1;
  }
}
