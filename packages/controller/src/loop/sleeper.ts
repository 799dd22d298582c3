/** Longer sleeps end early, so that a jump of the clock is noticed: who wakes looks again. */
const longestMs = 1000;

/** Sleeps until an instant, a wake-up or an abort. A wake-up since `arm` is not lost. */
export class Sleeper {
  private woken = false;
  private resolve: (() => void) | null = null;

  /** From here on a `wake` makes the next sleep return at once. */
  arm(): void {
    this.woken = false;
  }

  wake(): void {
    this.woken = true;
    this.resolve?.();
  }

  /** `instant` in milliseconds since the epoch; at most a second of it at a time. */
  until(instant: number, signal: AbortSignal): Promise<void> {
    if (this.woken || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, Math.min(longestMs, Math.max(0, instant - Date.now())));
      const self = this;
      self.resolve = done;
      signal.addEventListener("abort", done, { once: true });
      function done() {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        self.resolve = null;
        resolve();
      }
    });
  }
}
