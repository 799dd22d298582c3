/** Tells any number of waiters that something changed. Changes merge; the last is never lost. */
export class ChangeSignal {
  private version = 0;
  private wake: (() => void)[] = [];

  /** Something observable changed. */
  notify(): void {
    this.version += 1;
    const woken = this.wake;
    this.wake = [];
    for (const resolve of woken) resolve();
  }

  /** Yields once per change, or once for several; ends when `signal` aborts. */
  async *changes(signal: AbortSignal): AsyncGenerator<void> {
    let seen = this.version;
    while (!signal.aborted) {
      if (seen === this.version) await this.next(signal);
      if (signal.aborted) return;
      seen = this.version;
      yield;
    }
  }

  private next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      this.wake.push(done);
    });
  }
}
