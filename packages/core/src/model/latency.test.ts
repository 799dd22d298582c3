import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addLatency,
  latencyBucketEdgeMs,
  latencyBucketOf,
  latencyBuckets,
  latencyQuantileMs,
} from "./latency.ts";

test("every latency lies below the edge of its bucket and not below that of the one before", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 130_000, noNaN: true }), (ms) => {
      const bucket = latencyBucketOf(ms);
      expect(ms).toBeLessThan(latencyBucketEdgeMs(bucket));
      if (bucket > 0) expect(ms).toBeGreaterThanOrEqual(latencyBucketEdgeMs(bucket - 1));
    }),
  );
});

test("an edge is at most a sixteenth above the one before, beyond the first 128 µs", () => {
  for (let bucket = 17; bucket < latencyBuckets; bucket += 1) {
    const ratio = latencyBucketEdgeMs(bucket) / latencyBucketEdgeMs(bucket - 1);
    expect(ratio).toBeLessThanOrEqual(1 + 1 / 16);
  }
});

test("what no bucket is wide enough for is counted in the last one, nonsense in the first", () => {
  expect(latencyBucketOf(10_000_000)).toBe(latencyBuckets - 1);
  expect(latencyBucketOf(Number.POSITIVE_INFINITY)).toBe(latencyBuckets - 1);
  expect(latencyBucketOf(-1)).toBe(0);
});

test("a quantile is the edge of the bucket that holds it", () => {
  const counts = new Array<number>(latencyBuckets).fill(0);
  for (let ms = 1; ms <= 100; ms += 1) {
    const bucket = latencyBucketOf(ms);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  for (const share of [0.5, 0.95, 0.99]) {
    const quantile = latencyQuantileMs(counts, share) ?? 0;
    expect(quantile).toBeGreaterThan(100 * share);
    expect(quantile).toBeLessThanOrEqual(100 * share * (1 + 1 / 16) + 0.01);
  }
  expect(latencyQuantileMs([], 0.5)).toBeNull();
});

test("two counts add up, whatever their lengths", () => {
  expect(addLatency([1, 2], [3, 4, 5])).toEqual([4, 6, 5]);
  expect(addLatency([1, 2, 3], [])).toEqual([1, 2, 3]);
});
