/**
 * A latency histogram as data: counts by bucket, from the shortest on, trailing zeros left out.
 * Each power of two has 16 buckets of equal width, so a quantile is off by at most 1/16 of itself;
 * the first 16 are 8 µs wide, the last one takes everything from 134 s on.
 */
export type LatencyCounts = readonly number[];

const unitUs = 8;
const perOctave = 16;
const octaves = 21;

/** How many buckets there are. */
export const latencyBuckets = perOctave * octaves;

/** The bucket of a latency in milliseconds. */
export function latencyBucketOf(ms: number): number {
  const units = Math.max(0, Math.min((ms * 1_000) / unitUs, 0x7fffffff)) | 0;
  const octave = 28 - Math.clz32(units);
  if (octave <= 0) return units;
  const bucket = octave * perOctave + (units >>> (octave - 1)) - perOctave;
  return bucket < latencyBuckets ? bucket : latencyBuckets - 1;
}

/** The upper edge of a bucket in milliseconds; a latency in it is below. */
export function latencyBucketEdgeMs(bucket: number): number {
  const octave = Math.floor(bucket / perOctave);
  const within = bucket % perOctave;
  const units = octave === 0 ? within + 1 : (within + perOctave + 1) * 2 ** (octave - 1);
  return (units * unitUs) / 1_000;
}

/**
 * The latency in milliseconds that `share` (0 to 1) of the requests stayed below, rounded up to
 * the edge of its bucket; null when nothing was counted.
 */
export function latencyQuantileMs(counts: LatencyCounts, share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = Math.max(1, Math.ceil(total * share));
  for (const [bucket, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return latencyBucketEdgeMs(bucket);
  }
  return latencyBucketEdgeMs(counts.length - 1);
}

/** Both together. */
export function addLatency(a: LatencyCounts, b: LatencyCounts): LatencyCounts {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  return longer.map((count, bucket) => count + (shorter[bucket] ?? 0));
}
