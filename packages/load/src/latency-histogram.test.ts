import fc from "fast-check";
import { expect, test } from "vitest";
import { LatencyHistogram } from "./latency-histogram.ts";

test("gives percentiles within 1 % of the exact ones, and the exact maximum", () => {
  const latencies = fc.array(fc.double({ min: 0.2, max: 100_000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(latencies, (values) => {
      const histogram = new LatencyHistogram();
      for (const value of values) histogram.record(value);
      const sorted = values.toSorted((a, b) => a - b);
      const { p50, p95, p99, max } = histogram.summary();
      for (const [share, found] of [
        [0.5, p50],
        [0.95, p95],
        [0.99, p99],
        [1, max],
      ] as const) {
        const exact = sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
        // Half of the last of two decimals comes on top.
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.01 + 0.006);
      }
    }),
  );
});

test("gives zeros when nothing was recorded", () => {
  expect(new LatencyHistogram().summary()).toEqual({ p50: 0, p95: 0, p99: 0, max: 0 });
});

test("adds up to what one histogram of everything says", () => {
  const [one, other, both] = [
    new LatencyHistogram(),
    new LatencyHistogram(),
    new LatencyHistogram(),
  ];
  for (let ms = 1; ms <= 1000; ms++) {
    (ms % 3 === 0 ? one : other).record(ms);
    both.record(ms);
  }
  one.add(other);
  expect(one.summary()).toEqual(both.summary());
  expect(one.count).toBe(1000);
});
