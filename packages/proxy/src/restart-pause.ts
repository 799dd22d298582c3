/** Who lived shorter than this is replaced after a pause. */
const shortLifeMs = 1_000;
const firstPauseMs = 50;
const longestPauseMs = 2_000;

/** How long to wait before the next start of a process that keeps dying. */
export class RestartPause {
  #pauseMs = 0;

  /**
   * Milliseconds; 0 after one that served or lived at least a second, else twice the last time. One
   * that served may have been killed, and clients wait for the next; what kills every one of them
   * takes no more of the machine than one start after the other takes.
   */
  after(livedMs: number, served = false): number {
    this.#pauseMs =
      livedMs >= shortLifeMs || served
        ? 0
        : Math.min(longestPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2));
    return this.#pauseMs;
  }
}
