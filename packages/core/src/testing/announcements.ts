/** Tells every listener that something changed; merges what a slow listener missed. */
export class Announcements {
  readonly #listeners = new Set<() => void>();

  announce(): void {
    for (const tell of this.#listeners) tell();
  }

  /** Yields after each announcement, at least once for the last one, until aborted. */
  async *listen(signal: AbortSignal): AsyncIterable<void> {
    let news = false;
    let wake = () => {};
    const tell = () => {
      news = true;
      wake();
    };
    this.#listeners.add(tell);
    signal.addEventListener("abort", tell);
    try {
      while (!signal.aborted) {
        if (!news) await new Promise<void>((resolve) => (wake = resolve));
        news = false;
        if (!signal.aborted) yield;
      }
    } finally {
      this.#listeners.delete(tell);
      signal.removeEventListener("abort", tell);
    }
  }
}
