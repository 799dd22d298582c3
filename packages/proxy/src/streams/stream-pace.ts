/** Of the time that a replica or a worker has to leave; the rest is for streams that could not be ended where they stood. */
const streamsShare = 0.8;

/** Over how long streams are ended when there is so much time to leave; both in milliseconds. */
export function streamsWindowMs(leaveMs: number): number {
  return leaveMs * streamsShare;
}

/**
 * When to end streams so that their ends lie evenly over a window. It looks at how many are left
 * each time: streams that end by themselves, or come late, change the pace of the others.
 */
export class StreamPace {
  /** When the window is over. */
  readonly until: number;
  #at: number;
  /** How much of the next end is due; it begins half due, so that a single one ends inside the window. */
  #due = 0.5;

  /** Both in milliseconds; `now` of a monotonic clock. */
  constructor(now: number, windowMs: number) {
    this.#at = now;
    this.until = now + windowMs;
  }

  /** The window is over. */
  isOver(now: number): boolean {
    return now >= this.until;
  }

  /** How many of those that are left have to end now, since it was asked last. */
  due(left: number, now: number): number {
    const [passed, rest] = [now - this.#at, this.until - this.#at];
    this.#at = now;
    if (this.isOver(now)) return left;
    this.#due += (left * passed) / rest;
    const whole = Math.min(left, Math.floor(this.#due));
    this.#due -= whole;
    return whole;
  }
}
