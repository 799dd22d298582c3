import { medianOf } from "./median.ts";

/** Resident memory at a moment of a run. */
export interface MemorySample {
  readonly atMs: number;
  readonly mib: number;
}

/** Where memory stood once all was warm, and at the end; medians, MiB. */
export interface MemoryTrend {
  readonly settled: number;
  readonly last: number;
}

/** Until then a run may still load and compile what it needs. */
const warmUpMs = 60_000;
/** Of a run that is shorter than four warm-ups. */
const warmUpShare = 1 / 4;

/**
 * What comes after the warm-up is cut into three parts: the last one is compared with the lower one
 * of the two before, because a process may also give something back in the middle. Medians of long
 * parts, so that it does not matter where the collector's swing stands at any one moment.
 */
export function trendOf(samples: readonly MemorySample[]): MemoryTrend {
  const end = samples.at(-1)?.atMs ?? 0;
  const warm = Math.min(warmUpMs, end * warmUpShare);
  const medianOfPart = (n: number) => {
    const [from, to] = [n, n + 1].map((parts) => warm + ((end - warm) * parts) / 3);
    const within = samples.filter(({ atMs }) => atMs >= (from ?? 0) && atMs <= (to ?? 0));
    return medianOf(within.map(({ mib }) => mib));
  };
  const [first, second, last] = [medianOfPart(0), medianOfPart(1), medianOfPart(2)];
  return { settled: Math.min(first, second), last };
}
