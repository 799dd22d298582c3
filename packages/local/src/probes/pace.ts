/** Beats at fixed distances from its first, however long what happens between them takes. */
export class Pace {
  #due: number;

  /** The first beat comes `delayMs` from now. */
  constructor(delayMs: number) {
    this.#due = performance.now() + Math.max(0, delayMs);
  }

  /** Waits for the next beat; false when called off first. */
  beat(signal: AbortSignal): Promise<boolean> {
    const waitMs = this.#due - performance.now();
    if (signal.aborted || waitMs <= 0) return Promise.resolve(!signal.aborted);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", settle);
        resolve(!signal.aborted);
      };
      const timer = setTimeout(settle, waitMs);
      signal.addEventListener("abort", settle, { once: true });
    });
  }

  /** Sets the next beat. Beats that were missed are dropped, not made up for. */
  advance(intervalMs: number): void {
    const lateMs = performance.now() - this.#due;
    this.#due += intervalMs * Math.max(1, Math.ceil(lateMs / intervalMs));
  }
}
