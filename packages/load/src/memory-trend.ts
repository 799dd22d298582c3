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
/** Of a run that is shorter than three warm-ups. */
const warmUpShare = 1 / 3;
const lastShare = 1 / 10;

/**
 * Compares the last tenth of a run with the minute behind its first one. Medians of many samples, so
 * that it does not matter whether the collector has just been there.
 */
export function trendOf(samples: readonly MemorySample[]): MemoryTrend {
  const end = samples.at(-1)?.atMs ?? 0;
  const warm = Math.min(warmUpMs, end * warmUpShare);
  const between = (from: number, to: number) =>
    median(samples.filter(({ atMs }) => atMs >= from && atMs <= to).map(({ mib }) => mib));
  return { settled: between(warm, 2 * warm), last: between(end * (1 - lastShare), end) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
