/** What a client has to send of a request's body, on average, bytes per second. */
const leastPerSecond = 240;

/** How quickly the body of one request comes. Only time in which the client is waited for counts, from its first byte on. */
export class BodyPace {
  /** Taken so far, bytes. */
  bytes = 0;
  readonly #graceMs: number;
  #awaitedMs = 0;

  /** `graceMs` 0: it may take its time. */
  constructor(graceMs: number) {
    this.#graceMs = graceMs === 0 ? Number.POSITIVE_INFINITY : graceMs;
  }

  /** So long more was waited for it. */
  awaited(ms: number): void {
    if (this.bytes > 0) this.#awaitedMs += ms;
  }

  get tooSlow(): boolean {
    return this.bytes < ((this.#awaitedMs - this.#graceMs) / 1_000) * leastPerSecond;
  }
}
