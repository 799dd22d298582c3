import {
  addLatency,
  type LatencyCounts,
  latencyBucketEdgeMs,
  latencyBucketOf,
  latencyQuantileMs,
} from "../model/latency.ts";

/**
 * The latency in milliseconds from which on an answer is slow: `effect` times the quantile of
 * stable's answers so far. Null while there are too few to tell: 5 above the quantile are wanted.
 */
export function latencyLine(
  reference: LatencyCounts,
  { quantile, effect }: { readonly quantile: number; readonly effect: number },
): number | null {
  if (totalOf(reference) * (1 - quantile) < leastAbove) return null;
  const ms = latencyQuantileMs(reference, quantile);
  return ms === null ? null : ms * effect;
}

/** Answers that certainly took `ms` or longer: one in the bucket that `ms` divides does not count. */
export function slowerThan(counts: LatencyCounts, ms: number): number {
  const bucket = latencyBucketOf(ms);
  const lowerEdgeMs = bucket === 0 ? 0 : latencyBucketEdgeMs(bucket - 1);
  let slow = 0;
  for (let b = lowerEdgeMs < ms ? bucket + 1 : bucket; b < counts.length; b += 1) {
    slow += counts[b] ?? 0;
  }
  return slow;
}

/** Both together; older answers fade, so that the line follows a service that gets slower. */
export function withAnswers(reference: LatencyCounts, fresh: LatencyCounts): LatencyCounts {
  const sum = addLatency(reference, fresh);
  return totalOf(sum) < mostAnswers ? sum : sum.map((count) => Math.floor(count / 2));
}

export function totalOf(counts: LatencyCounts): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

const leastAbove = 5 - 1e-6;
const mostAnswers = 20_000;
