import type { StreamEnd } from "./stream-client.ts";

/** When streams ended that ended together. */
export interface Spread {
  /** Seconds since the first of them. */
  readonly median: number;
  readonly last: number;
  /** The most of one replica's that ended within any tenth of the window, of all of them: from 0 to 1. */
  readonly crowd: number;
}

/** Of streams that were to end over `windowMs`. */
export function spreadOf(ends: readonly StreamEnd[], windowMs: number): Spread {
  const at = ends.map((end) => end.at).sort((a, b) => a - b);
  const [first = 0] = at;
  const since = (moment: number | undefined) => ((moment ?? first) - first) / 1000;
  const replicas = [...new Set(ends.map((end) => end.from.pid))];
  const crowds = replicas.map((pid) => {
    const own = ends.filter((end) => end.from.pid === pid).map((end) => end.at);
    return crowdOf(own, windowMs / 10) / own.length;
  });
  return {
    median: since(at[Math.floor(at.length / 2)]),
    last: since(at.at(-1)),
    crowd: Math.max(0, ...crowds),
  };
}

/** The most of these moments within any span of that length. */
function crowdOf(moments: readonly number[], span: number): number {
  const within = (from: number) => moments.filter((at) => at >= from && at < from + span).length;
  return Math.max(0, ...moments.map(within));
}
