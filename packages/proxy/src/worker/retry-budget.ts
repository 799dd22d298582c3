const share = 0.2;
const floorPerSecond = 10;
const windowMs = 1_000;

/** Allows retries up to 20 % of the requests of this and the last second, and 10/s in any case. */
export class RetryBudget {
  #windowStart = 0;
  #requests = 0;
  #requestsBefore = 0;
  #retries = 0;

  /** Called once for each request, retries not counted. */
  countRequest(): void {
    this.#requests += 1;
  }

  /** Takes one retry out of the budget; false when it is spent. `now` in milliseconds. */
  take(now: number): boolean {
    this.#roll(now);
    const allowed = Math.max(floorPerSecond, share * (this.#requests + this.#requestsBefore));
    if (this.#retries >= allowed) return false;
    this.#retries += 1;
    return true;
  }

  #roll(now: number): void {
    const passed = now - this.#windowStart;
    if (passed < windowMs) return;
    // Requests are only looked at when a retry is asked for, so a long gap is averaged over its seconds.
    this.#requestsBefore = this.#requests / Math.max(1, passed / windowMs);
    this.#requests = 0;
    this.#retries = 0;
    this.#windowStart = now;
  }
}
