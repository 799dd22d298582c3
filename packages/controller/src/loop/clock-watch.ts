/** A step of the wall clock against the monotonic one that counts as a jump, ms. */
const jumpMs = 5000;

/** How often `tick` is called, and for how long it is not called in a process that nobody runs, ms. */
const tickMs = 1000;
const stalledMs = 10_000;

/** Notices that the wall clock jumped, that the machine slept, or that this process was stopped. */
export class ClockWatch {
  private wall = Date.now();
  private steady = performance.now();
  private ticked = this.steady;
  private unwatched = 0;

  /** Ticks until `stop` is called. */
  start(): { stop(): void } {
    const timer = setInterval(() => this.tick(), tickMs);
    return { stop: () => clearInterval(timer) };
  }

  /** Says that this process runs. */
  tick(): void {
    const now = performance.now();
    const since = now - this.ticked;
    this.ticked = now;
    if (since > stalledMs) this.unwatched += since;
  }

  /**
   * For how long nobody could watch since the last call, by the wall clock, ms: negative when that
   * was set back, 0 for ordinary drift.
   */
  gap(): number {
    this.tick();
    const wall = Date.now();
    const steady = performance.now();
    const jump = wall - this.wall - (steady - this.steady);
    const { unwatched } = this;
    this.wall = wall;
    this.steady = steady;
    this.unwatched = 0;
    return unwatched + (Math.abs(jump) < jumpMs ? 0 : jump);
  }
}
