import { describe, expect, it } from "vitest";
import { type LatencyCounts, latencyBucketOf } from "../model/latency.ts";
import type { Metric, MetricState } from "../model/metric.ts";
import { exampleMetric } from "../testing/examples.ts";
import { Random } from "../testing/stories/random.ts";
import { latencyLine, slowerThan, withAnswers } from "./latency-line.ts";
import { measured } from "./measured.ts";

const p95: Metric = {
  ...exampleMetric,
  name: "latency-p95",
  source: { kind: "proxy", measure: { kind: "latency", quantile: 0.95 } },
  judge: { kind: "comparison", effect: 1.2 },
  requests: { least: 200, most: 5_000 },
};

function histogram(latencies: readonly number[]): LatencyCounts {
  const counts: number[] = [];
  for (const ms of latencies) {
    const bucket = latencyBucketOf(ms);
    while (counts.length <= bucket) counts.push(0);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

/** Intervals of 50 requests of the canary and 450 of stable, each of a latency that `draw` says. */
function watched(
  draw: (side: "canary" | "stable") => number,
  { metric = p95, intervals = 40 }: { metric?: Metric; intervals?: number } = {},
): MetricState {
  const of = (side: "canary" | "stable", requests: number) => ({
    requests,
    errors: 0,
    latency: histogram(Array.from({ length: requests }, () => draw(side))),
  });
  let state: MetricState | null = null;
  for (let i = 0; i < intervals && state?.verdict !== "failed"; i += 1) {
    const sample = { kind: "counts", canary: of("canary", 50), stable: of("stable", 450) } as const;
    state = measured(metric, state, { sample, now: i * 5_000, reachedAt: 0 });
  }
  if (state === null) throw new Error("nothing was measured");
  return state;
}

function lognormal(random: Random, median: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return median * Math.exp(0.6 * radius * Math.cos(2 * Math.PI * random.next()));
}

describe("latency compared with stable", () => {
  it("sends a p95 of 1.5 times stable's back, long before the most requests", () => {
    const random = new Random(1);
    const state = watched((side) => lognormal(random, side === "canary" ? 30 : 20));
    expect(state.verdict).toBe("failed");
    expect(state.counted.canary.total).toBeLessThan(600);
    expect(state.detail).toMatch(/slower than \d+(\.\d+)? ms in \d+ requests \(stable/);
  });

  it("lets the same code pass", () => {
    const random = new Random(2);
    expect(watched(() => lognormal(random, 20))).toMatchObject({ verdict: "successful" });
  });

  it("lets a canary pass that is slower by less than matters", () => {
    const random = new Random(3);
    const state = watched((side) => lognormal(random, side === "canary" ? 21 : 20));
    expect(state.verdict).toBe("successful");
  });

  it("lets the same code pass while the whole service gets ten times slower", () => {
    const random = new Random(4);
    let median = 20;
    const slower = () => {
      median *= 1.0001;
      return lognormal(random, median);
    };
    const state = watched(slower, { intervals: 46 });
    expect(median).toBeGreaterThan(190);
    expect(state.verdict).not.toBe("failed");
  });

  it("lets the same code pass where the quantile lies in a gap between two kinds of answers", () => {
    const random = new Random(5);
    for (const share of [0.94, 0.95, 0.96]) {
      expect(watched(() => (random.next() < share ? 5 : 500)).verdict).not.toBe("failed");
    }
  });

  it("cannot tell before stable has answered enough", () => {
    const measure = { kind: "latency", quantile: 0.999 } as const;
    const metric: Metric = { ...p95, source: { kind: "proxy", measure } };
    const state = watched(() => 20, { metric, intervals: 3 });
    expect(state).toMatchObject({ verdict: "inconclusive", counted: { canary: { total: 0 } } });
    expect(state.detail).toContain("too few");
  });

  it("holds a threshold without looking at stable", () => {
    const judge = { kind: "threshold", below: 100, above: null } as const;
    const slow = watched(() => 150, { metric: { ...p95, judge } });
    expect(slow.verdict).toBe("failed");
    expect(slow.detail).toContain("100 % slower than 100 ms in 50 requests, 5 % allowed");
    expect(watched(() => 50, { metric: { ...p95, judge } }).verdict).toBe("successful");
  });
});

describe("the line between fast and slow", () => {
  it("is the effect times the quantile, once five answers lie above that", () => {
    const few = histogram(Array.from({ length: 99 }, () => 10));
    expect(latencyLine(few, { quantile: 0.95, effect: 1.2 })).toBeNull();
    const line = latencyLine(withAnswers(few, histogram([10])), { quantile: 0.95, effect: 1.2 });
    expect(line).toBeGreaterThanOrEqual(12);
    expect(line).toBeLessThan(12 * 1.07);
  });

  it("counts as slow only what certainly is", () => {
    const counts = histogram([1, 90, 110, 1_000]);
    expect(slowerThan(counts, 100)).toBe(2);
    expect(slowerThan(counts, 110)).toBe(1);
    expect(slowerThan(counts, 0)).toBe(4);
    expect(slowerThan(counts, Number.POSITIVE_INFINITY)).toBe(0);
  });

  it("follows a service that gets slower, on a bounded number of answers", () => {
    let reference = histogram(Array.from({ length: 19_000 }, () => 10));
    for (let i = 0; i < 100; i += 1) {
      reference = withAnswers(reference, histogram(Array.from({ length: 500 }, () => 40)));
    }
    expect(latencyLine(reference, { quantile: 0.5, effect: 1 })).toBeGreaterThan(35);
    expect(reference.reduce((a, b) => a + b, 0)).toBeLessThan(20_000);
  });
});
