import { setTimeout as delay } from "node:timers/promises";

/** Beats at fixed distances from its first, however long what happens between them takes. */
export class Pace {
  #due: number;

  /** The first beat comes `delayMs` from now. */
  constructor(delayMs: number) {
    this.#due = performance.now() + Math.max(0, delayMs);
  }

  /** Waits for the next beat; false when called off first. */
  async beat(signal: AbortSignal): Promise<boolean> {
    const waitMs = this.#due - performance.now();
    if (waitMs <= 0) return !signal.aborted;
    try {
      await delay(waitMs, undefined, { signal });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }

  /** Sets the next beat. Beats that were missed are dropped, not made up for. */
  advance(intervalMs: number): void {
    const missed = Math.floor((performance.now() - this.#due) / intervalMs);
    this.#due += intervalMs * Math.max(1, missed + (missed > 0 ? 1 : 0));
  }
}
