/** A run that was ready for this long is a good one: what failed before it is forgotten. */
const goodRunMs = 10_000;
const firstDelayMs = 1000;
/** Nothing is started again later than this, ms. */
export const longestDelayMs = 60_000;

/**
 * When to start again after an end that nobody asked for: at once after a good run, else after 1 s,
 * doubling to 60 s with every failure in a row.
 */
export function backOff(
  failures: number,
  readyMs: number,
): { readonly failures: number; readonly delayMs: number } {
  if (readyMs >= goodRunMs) return { failures: 0, delayMs: 0 };
  const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** failures);
  return { failures: failures + 1, delayMs };
}
