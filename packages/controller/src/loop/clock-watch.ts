/** A step of the wall clock against the monotonic one that counts as a jump, ms. */
const jumpMs = 5000;

/** Notices that the wall clock jumped or that the machine slept. */
export class ClockWatch {
  private wall = Date.now();
  private steady = performance.now();

  /** By how much the wall clock ran away since the last call, ms; 0 for ordinary drift. */
  gap(): number {
    const wall = Date.now();
    const steady = performance.now();
    const gap = wall - this.wall - (steady - this.steady);
    this.wall = wall;
    this.steady = steady;
    return Math.abs(gap) < jumpMs ? 0 : gap;
  }
}
