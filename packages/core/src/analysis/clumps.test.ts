import { describe, expect, it } from "vitest";
import type { Metric, MetricState } from "../model/metric.ts";
import { exampleMetric } from "../testing/examples.ts";
import { Random } from "../testing/stories/random.ts";
import { clumpOf } from "./clumps.ts";
import { isCounted } from "./counted-metric.ts";
import { measured } from "./measured.ts";

const errors: Metric = {
  ...exampleMetric,
  name: "error-rate",
  source: { kind: "proxy", measure: { kind: "errors" } },
  judge: { kind: "comparison", effect: 0.002 },
  intervalMs: 1_000,
  requests: { least: 200, most: 20_000 },
};

/** Seconds in which `groups` times a whole group of requests fails together, on one side or the other. */
function groupsFail(
  random: Random,
  world: { readonly size: number; readonly onCanary: number; readonly seconds: number },
): MetricState {
  let state: MetricState | null = null;
  for (let second = 0; second <= world.seconds; second += 1) {
    let [canary, stable] = [0, 0];
    for (let group = 0; group < 4; group += 1) {
      if (random.chance(world.onCanary)) canary += world.size;
      else stable += world.size;
    }
    const side = (bad: number) => ({ requests: 100, errors: bad, latency: [] });
    const sample = { kind: "counts", canary: side(canary), stable: side(stable) } as const;
    state = measured(errors, state, { sample, now: second, reachedAt: 0 });
  }
  if (state === null) throw new Error("nothing was measured");
  return state;
}

function clump(state: MetricState): number {
  if (!isCounted(errors)) throw new Error("of the proxy's counters");
  return clumpOf(errors, state);
}

describe("bad requests that come together", () => {
  it("count for one witness each when they come alone", () => {
    const state = groupsFail(new Random(1), { size: 1, onCanary: 0.5, seconds: 200 });
    expect(clump(state)).toBeLessThan(1.5);
  });

  it("are told by how far the canary's part strays", () => {
    const state = groupsFail(new Random(2), { size: 5, onCanary: 0.5, seconds: 200 });
    expect(clump(state)).toBeGreaterThan(3);
    expect(clump(state)).toBeLessThan(8);
  });

  it("are no straying when the canary is simply worse", () => {
    const state = groupsFail(new Random(3), { size: 1, onCanary: 0.9, seconds: 4 });
    expect(clump(state)).toBeLessThan(1.6);
  });

  it("send the same code back far less often than each counted by itself would", () => {
    const seeds = Array.from({ length: 40 }, (_, n) => n + 1);
    const back = seeds.filter((seed) => {
      const world = { size: 5, onCanary: 0.5, seconds: 100 };
      return groupsFail(new Random(seed), world).verdict === "failed";
    });
    expect(back.length).toBeLessThanOrEqual(20);
  });

  it("send a bad version back all the same", () => {
    const state = groupsFail(new Random(4), { size: 5, onCanary: 0.95, seconds: 100 });
    expect(state.verdict).toBe("failed");
  });

  it("are not asked about where a bound is set", () => {
    const judge = { kind: "threshold", below: 0.01, above: null } as const;
    const metric = { ...errors, judge };
    if (!isCounted(metric)) throw new Error("of the proxy's counters");
    const strayed = { squared: 900, expected: 9 };
    const state = groupsFail(new Random(5), { size: 1, onCanary: 0.5, seconds: 1 });
    expect(clumpOf(metric, { ...state, strayed })).toBe(1);
  });
});
