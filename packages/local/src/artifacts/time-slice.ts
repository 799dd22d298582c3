import { setImmediate } from "node:timers/promises";

/** Longest time, in milliseconds, that the event loop is kept from its other work. */
const sliceMs = 8;

/**
 * Lets a long row of short synchronous calls share the event loop: call `share` between them.
 * For tens of thousands of `lstat` and `rename` that is twice as fast as a promise for each.
 */
export class TimeSlice {
  #startedAt = performance.now();

  /** Gives way when the slice is used up. Throws the signal's reason once it is aborted. */
  async share(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (performance.now() - this.#startedAt < sliceMs) return;
    await setImmediate();
    this.#startedAt = performance.now();
  }
}
