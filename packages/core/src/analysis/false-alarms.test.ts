import { describe, expect, it } from "vitest";
import type { Metric, MetricState } from "../model/metric.ts";
import { exampleMetric } from "../testing/examples.ts";
import { Random } from "../testing/stories/random.ts";
import { measured } from "./measured.ts";
import { requestsNeeded } from "./requests-needed.ts";

const errors: Metric = {
  ...exampleMetric,
  name: "error-rate",
  source: { kind: "proxy", measure: { kind: "errors" } },
  judge: { kind: "comparison", effect: 0.002 },
  requests: { least: 200, most: 20_000 },
};

/** Requests of the canary until it is sent back, looked at after each; null: never among `most`. */
function sentBackAfter(
  seed: number,
  world: { canary: number; stable: number; perCanary: number; most: number; metric?: Metric },
): number | null {
  const random = new Random(seed);
  const side = (requests: number, share: number) => {
    let bad = 0;
    for (let i = 0; i < requests; i += 1) if (random.chance(share)) bad += 1;
    return { requests, errors: bad, latency: [] };
  };
  let state: MetricState | null = null;
  for (let n = 0; n <= world.most; n += 1) {
    const canary = side(1, world.canary);
    const stable = side(world.perCanary, world.stable);
    const sample = { kind: "counts", canary, stable } as const;
    state = measured(world.metric ?? errors, state, { sample, now: n, reachedAt: 0 });
    if (state.verdict === "failed") return n;
  }
  return null;
}

function many(world: Parameters<typeof sentBackAfter>[1], seeds: number): (number | null)[] {
  return Array.from({ length: seeds }, (_, seed) => sentBackAfter(seed + 1, world));
}

describe("a canary watched after each request", () => {
  it("of the same code is sent back at most as often as was declared", () => {
    const world = { canary: 0.05, stable: 0.05, perCanary: 4, most: 300 };
    const back = many(world, 200).filter((n) => n !== null);
    expect(back.length).toBeLessThanOrEqual(10);
  });

  it("of exactly the errors that are allowed is sent back at most as often", () => {
    const judge = { kind: "threshold", below: 0.05, above: null } as const;
    const world = { canary: 0.05, stable: 0, perCanary: 0, most: 300 };
    const back = many({ ...world, metric: { ...errors, judge } }, 200).filter((n) => n !== null);
    expect(back.length).toBeLessThanOrEqual(10);
  });

  it("of 2 % errors in place of 0.1 % is sent back, after about what was said to be needed", () => {
    const world = { canary: 0.02, stable: 0.001, perCanary: 9, most: 3_000 };
    const back = many(world, 40).flatMap((n) => n ?? []);
    expect(back.length).toBe(40);
    const metric = { ...errors, judge: { kind: "comparison", effect: 0.0095 } as const };
    const needed = requestsNeeded(metric, { share: 0.1, rate: 100 });
    expect(needed?.bad).toBe("2 % errors where stable has 0.1 %");
    const mean = back.reduce((a, b) => a + b, 0) / back.length;
    const ratio = (needed?.toFail?.requests ?? 0) / mean;
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.7);
    expect(needed?.toFail?.seconds).toBeCloseTo((needed?.toFail?.requests ?? 0) / 10, 6);
    expect(needed?.toPass).toEqual({ requests: 200, seconds: 20 });
  });
});

describe("the requests that a verdict needs", () => {
  it("cannot be said of sources that give one number", () => {
    const source = { kind: "command", command: "true" } as const;
    expect(requestsNeeded({ ...errors, source }, { share: 0.1, rate: 1 })).toBeNull();
  });

  it("are more than there may be when next to nobody is left on stable", () => {
    expect(requestsNeeded(errors, { share: 0.999, rate: null })).toMatchObject({
      toPass: { requests: 200, seconds: null },
      toFail: null,
    });
  });

  it("name what is allowed, of a threshold", () => {
    const judge = { kind: "threshold", below: 0.01, above: null } as const;
    const needed = requestsNeeded({ ...errors, judge }, { share: 1, rate: 50 });
    expect(needed?.bad).toBe("2 % errors where 1 % are allowed");
    expect(needed?.toFail?.requests).toBeGreaterThan(500);
    expect(needed?.toFail?.requests).toBeLessThan(2_500);
  });

  it("are twice as many for slow answers, which come together, as for errors of the same shares", () => {
    const expected = { share: 0.1, rate: null, stableErrors: 0.025 };
    const asErrors = { ...errors, judge: { kind: "comparison", effect: 0.0375 } } as const;
    const measure = { kind: "latency", quantile: 0.95 } as const;
    const asLatency = { ...errors, source: { kind: "proxy", measure } } as const;
    const [one, two] = [asErrors, asLatency].map((m) => requestsNeeded(m, expected)?.toFail);
    expect((two?.requests ?? 0) / (one?.requests ?? 1)).toBeCloseTo(2, 1);
  });
});
