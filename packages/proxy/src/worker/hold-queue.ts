/** How many requests may wait at once. */
const mostHeld = 1_000;
/** How many of them are being sent at once: a replica that has just started is not overrun. */
const mostReleased = 64;
/** How often those that wait are looked at. */
const beatMs = 20;
/** When nobody has asked to wait for so long, the gap was over. */
const quietMs = 1_000;

/** A request that waits for a replica. */
export interface Held {
  /**
   * Begins to send it; false when there is still nobody to send it to. It calls `leave` once a replica
   * has it, or nobody waits for its answer any more; refused again it stays where it is. `suspects`:
   * also to one that refused a connection a moment ago.
   */
  release(suspects: boolean): boolean;
  /** It has waited for as long as it may: it is over. */
  expire(): void;
}

interface Place {
  readonly since: number;
  /** It is on its way to a replica, and keeps its place in case that refuses it too. */
  released: boolean;
}

/**
 * Requests that wait for a replica, first come, first served. One timer for all of them, and none while
 * nobody waits.
 */
export class HoldQueue {
  readonly #places = new Map<Held, Place>();
  readonly #limitMs: (gapMs: number) => number;
  #timer: NodeJS.Timeout | null = null;
  /** Since when requests have found nobody, and when one did last, ms. */
  #gapSince = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  /**
   * `limitMs`: how long a request may wait as things are, milliseconds; 0: not at all. It is told for how
   * long nobody has got through.
   */
  constructor(limitMs: (gapMs: number) => number) {
    this.#limitMs = limitMs;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Takes a request in, or leaves it at its place when it had one; false when it may not wait. */
  hold(request: Held): boolean {
    const now = performance.now();
    const known = this.#places.get(request);
    if (known !== undefined) {
      known.released = false;
      return true;
    }
    if (now - this.#askedAt > quietMs) this.#gapSince = now;
    this.#askedAt = now;
    if (this.#limitMs(now - this.#gapSince) === 0 || this.#places.size >= mostHeld) return false;
    this.#places.set(request, { since: now, released: false });
    this.#timer ??= setInterval(() => this.beat(), beatMs);
    return true;
  }

  /** A replica has it, or nobody waits for it any more. */
  leave(request: Held): void {
    if (this.#places.delete(request) && this.#places.size === 0) this.close();
  }

  /** Lets go who can be sent, and sends away who has waited for too long. */
  beat(): void {
    const now = performance.now();
    const limitMs = this.#limitMs(now - this.#gapSince);
    let released = 0;
    for (const place of this.#places.values()) released += place.released ? 1 : 0;
    // One at a time finds out whether somebody who refused takes requests again.
    let suspects = released === 0;
    for (const [request, place] of this.#places) {
      // Who has a turn to come is not sent away, however long it has waited: the gap is over.
      if (released === mostReleased) return;
      if (place.released) continue;
      const isLate = now - place.since >= limitMs;
      place.released = true;
      if (request.release(suspects && !isLate)) {
        released += 1;
        suspects = false;
        continue;
      }
      place.released = false;
      if (!isLate) continue;
      this.leave(request);
      request.expire();
    }
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
