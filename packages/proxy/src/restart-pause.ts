/** Who lived shorter than this is replaced after a pause. */
const shortLifeMs = 1_000;
const firstPauseMs = 50;
const longestPauseMs = 2_000;

/** How long to wait before the next start of a process that keeps dying. */
export class RestartPause {
  #pauseMs = 0;

  /** Milliseconds; 0 after one that lived at least a second, else twice the last time. */
  after(livedMs: number): number {
    this.#pauseMs =
      livedMs < shortLifeMs
        ? Math.min(longestPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2))
        : 0;
    return this.#pauseMs;
  }
}
