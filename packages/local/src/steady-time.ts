/** Beyond this the wall clock was set; within it the two only read a little apart, ms. */
const apartMs = 1000;

/**
 * Milliseconds since the epoch as the wall clock told when this process started, and from then on
 * by a clock that nobody can set. Deadlines are made of it: a clock that jumps must neither end a
 * drain at once nor make it last for a day.
 */
export function steadyNow(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}

/** An instant of `steadyNow` by the wall clock as it is set now, for those who look at that one. */
export function byWallClock<T extends number | null>(instant: T): T | number {
  const apart = Math.round((Date.now() - steadyNow()) / apartMs) * apartMs;
  return instant === null ? instant : instant + apart;
}
