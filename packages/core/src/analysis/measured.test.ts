import { describe, expect, it } from "vitest";
import type { Metric, MetricState, Sample } from "../model/metric.ts";
import { exampleMetric } from "../testing/examples.ts";
import { measured, newMetricState } from "./measured.ts";

const metric: Metric = {
  ...exampleMetric,
  judge: { kind: "threshold", below: 10, above: null },
  failureLimit: 1,
};
const errors: Metric = {
  ...metric,
  source: { kind: "proxy", measure: { kind: "errors" } },
  judge: { kind: "comparison", effect: 0.002 },
};
const lost: Sample = { kind: "noData", reason: "connection refused" };

function value(n: number): Sample {
  return { kind: "value", value: n };
}

function counts(
  canary: readonly [number, number],
  stable: readonly [number, number] | null,
): Sample {
  const side = ([requests, bad]: readonly [number, number]) => ({
    requests,
    errors: bad,
    latency: [],
  });
  return { kind: "counts", canary: side(canary), stable: stable === null ? null : side(stable) };
}

/** One sample after the other, 5 s apart, from when the waypoint was reached. */
function after(m: Metric, samples: readonly Sample[], reachedAt = 0): MetricState {
  return samples.reduce(
    (state, sample, i) => measured(m, state, { sample, now: i * 5_000, reachedAt }),
    newMetricState(m, 0),
  );
}

describe("a version that turns bad after days", () => {
  const bound = { kind: "threshold", below: 0.01, above: null } as const;
  const good = counts([20_000, 20], [180_000, 180]);
  const days = Array.from({ length: 50 }, () => good);

  it.each([bound, errors.judge])("is sent back as soon as one that is new ($kind)", (judge) => {
    const bad = Array.from({ length: 3 }, () => counts([150, 150], [1350, 1]));
    const state = after({ ...errors, judge }, [good, ...days, ...bad]);
    expect(state.verdict).toBe("failed");
    expect(state.detail).toMatch(/ % errors in the last \d{5} requests/u);
    expect(state.counted.canary.total).toBe(1_000_450);
  });

  it("passes while it is good, by its later requests", () => {
    const state = after({ ...errors, judge: bound }, [good, ...days]);
    expect(state.verdict).toBe("successful");
    expect(state.recent?.canary.total).toBe(20_000);
  });
});

describe("a metric of one number", () => {
  it("is due at once and inconclusive before the first", () => {
    expect(newMetricState(metric, 7)).toMatchObject({ verdict: "inconclusive", dueAt: 7 });
  });

  it("is successful on the right side, and due again after the interval", () => {
    const state = after(metric, [value(4)]);
    expect(state).toMatchObject({ verdict: "successful", measured: 1, dueAt: 5_000, dataAt: 0 });
    expect(state.detail).toBe("4, wanted below 10");
  });

  it("waits while the newest is wrong, and puts up with failureLimit of them", () => {
    expect(after(metric, [value(4), value(10)])).toMatchObject({ verdict: "inconclusive" });
    expect(after(metric, [value(4), value(10), value(4)])).toMatchObject({
      verdict: "successful",
      failures: 1,
    });
    const failed = after(metric, [value(10), value(4), value(11), value(4)]);
    expect(failed).toMatchObject({ verdict: "failed" });
  });

  it("takes no number for no data, and is an error after errorLimit in a row", () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY].map(value);
    expect(after(metric, [value(4), ...odd])).toMatchObject({ verdict: "inconclusive", errors: 2 });
    const state = after(metric, [value(4), ...odd, lost]);
    expect(state).toMatchObject({ verdict: "error", errors: 3, dataAt: 0 });
    expect(state.detail).toBe("no data: connection refused; 3 in a row, 3 make it an error");
    expect(state.last).toEqual([4, null, null, null]);
  });

  it("goes on when data is back", () => {
    const state = after(metric, [value(4), lost, lost, lost, value(5)]);
    expect(state).toMatchObject({ verdict: "successful", errors: 0, dataAt: 20_000 });
  });

  it("stays failed, with its reason, when data is gone", () => {
    const failed = after(metric, [value(10), value(10)]);
    const state = measured(metric, failed, { sample: lost, now: 9_000, reachedAt: 0 });
    expect(state).toMatchObject({ verdict: "failed", detail: failed.detail });
  });

  it("judges nothing before the initial delay is over, and is due when it is", () => {
    const late = { ...metric, initialDelayMs: 7_000 };
    const state = after(late, [value(99), value(99)]);
    expect(state).toMatchObject({ verdict: "inconclusive", failures: 0, dueAt: 7_000 });
    expect(after(late, [lost, lost])).toMatchObject({ errors: 0 });
    expect(after(late, [value(99), value(99), value(4)])).toMatchObject({ verdict: "successful" });
  });

  it("keeps the last ten", () => {
    const state = after(
      metric,
      Array.from({ length: 40 }, (_, i) => value(i / 10)),
    );
    expect(state.last).toEqual([3, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7, 3.8, 3.9]);
  });
});

describe("errors compared with stable", () => {
  it("only moves the baseline at first", () => {
    const view = { epoch: "a", revisions: {} };
    const at = { sample: counts([50, 50], [50, 0]), now: 0, reachedAt: 0, counts: view };
    expect(measured(errors, null, at)).toMatchObject({
      verdict: "inconclusive",
      baseline: view,
      counted: { canary: { total: 0, bad: 0 } },
    });
  });

  it("judges an interval only when all of it was after the initial delay", () => {
    const late = { ...errors, initialDelayMs: 7_000 };
    const bad = counts([500, 100], [500, 0]);
    const good = counts([500, 0], [500, 0]);
    expect(after(late, [bad, bad, bad])).toMatchObject({ verdict: "inconclusive" });
    expect(after(late, [bad, bad, bad, good])).toMatchObject({ verdict: "successful" });
  });

  it("needs the least number of requests to pass", () => {
    const first = counts([0, 0], [0, 0]);
    expect(after(errors, [first, counts([99, 0], [900, 1])])).toMatchObject({
      verdict: "inconclusive",
    });
    const state = after(errors, [first, counts([99, 0], [900, 1]), counts([1, 0], [0, 0])]);
    expect(state).toMatchObject({ verdict: "successful" });
  });

  it("fails a canary of which each request fails, after a handful, for good", () => {
    const first = counts([0, 0], [0, 0]);
    const state = after(errors, [first, counts([4, 4], [36, 0])]);
    expect(state).toMatchObject({ verdict: "failed" });
    expect(state.detail).toContain("100 % errors in 4 requests (stable 0 % in 36)");
    const later = measured(errors, state, {
      sample: counts([9_000, 0], [9_000, 0]),
      now: 9_000,
      reachedAt: 0,
    });
    expect(later.verdict).toBe("failed");
  });

  it("counts requests that wait without an answer although none was answered", () => {
    const state = after(errors, [counts([0, 0], [0, 0]), counts([0, 6], [54, 0])]);
    expect(state).toMatchObject({ verdict: "failed", counted: { canary: { total: 6, bad: 6 } } });
  });

  it("lets a canary pass that is surely worse, but by less than matters", () => {
    const state = after(errors, [counts([0, 0], [0, 0]), counts([200_000, 500], [200_000, 200])]);
    expect(state.detail).toContain("evidence over 1000000 to 1");
    expect(state.verdict).toBe("successful");
  });

  it("decides at the most requests by the evidence", () => {
    const draw = counts([10_000, 1_040], [10_000, 1_000]);
    expect(after(errors, [counts([0, 0], [0, 0]), draw])).toMatchObject({ verdict: "successful" });
    const fewer = counts([5_000, 520], [5_000, 500]);
    const state = after(errors, [counts([0, 0], [0, 0]), fewer]);
    expect(state).toMatchObject({ verdict: "inconclusive" });
  });

  it("passes where stable gets no requests, and says so", () => {
    const state = after(errors, [counts([0, 0], null), counts([500, 9], null)]);
    expect(state.verdict).toBe("successful");
    expect(state.detail).toBe("nothing to compare with: stable gets no requests");
  });

  it("passes nothing without data", () => {
    const good = [counts([0, 0], [0, 0]), counts([500, 0], [500, 0])];
    expect(after(errors, good)).toMatchObject({ verdict: "successful" });
    expect(after(errors, [...good, lost])).toMatchObject({ verdict: "inconclusive" });
    expect(after(errors, [...good, lost, lost, lost])).toMatchObject({ verdict: "error" });
  });

  it("keeps a state that is bounded and survives being saved", () => {
    const long = after(
      errors,
      Array.from({ length: 500 }, () => counts([100, 1], [900, 9])),
    );
    expect(JSON.parse(JSON.stringify(long))).toEqual(long);
    expect(JSON.stringify(long).length).toBeLessThan(1_000);
  });
});
