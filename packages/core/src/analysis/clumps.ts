import type { MetricState } from "../model/metric.ts";
import type { CountedMetric } from "./counted-metric.ts";
import type { Draws } from "./evidence.ts";

/**
 * How many bad requests come together, so that all of them are one witness: a process that pauses
 * makes a handful of answers slow at once. 1 or more; told from the earlier intervals alone, so that
 * to let each count for so much less keeps the evidence a supermartingale (Jensen's inequality).
 *
 * It is what McCullagh and Nelder (1989, 4.5) call dispersion: how far the canary's part strays from
 * interval to interval, in units of how far it would if each came by itself.
 */
export function clumpOf(
  { source, judge }: CountedMetric,
  { strayed }: Pick<MetricState, "strayed">,
): number {
  if (judge.kind === "threshold") return 1;
  const guess = usualClump[source.measure.kind];
  const { squared = 0, expected = 0 } = strayed ?? {};
  return Math.max(1, (guess * guessWeight + squared) / (guessWeight + expected));
}

/** After an interval more. */
export function strayedAfter(
  { counted, strayed }: MetricState,
  { draws, against, chance }: Draws,
): NonNullable<MetricState["strayed"]> {
  const { canary, stable } = counted;
  const known = canary.bad + stable.bad;
  // Around what the canary's part has been so far, not around what it may be: being worse is no straying.
  const part = (canary.bad + chance) / (known + 1);
  const { squared = 0, expected = 0 } = strayed ?? {};
  const off = known === 0 ? 0 : against - draws * part;
  return {
    squared: squared + off ** 2,
    expected: expected + (known === 0 ? 0 : draws * part * (1 - part)),
  };
}

/** What is taken for true before anything is known, and for how much that counts. */
const usualClump = { errors: 1, latency: 2 } as const;
const guessWeight = 5;
