import { type Hold, newApp, newMetricState, type Release, requestRelease } from "@hitless/core";
import { exampleMetric, exampleSettings, releaseTo } from "@hitless/core/testing";
import { describe, expect, it } from "vitest";
import { analysisOf, holdsOf, remainingOf } from "./hold-status.ts";

const minute = 60_000;
const holds: readonly Hold[] = [
  { kind: "time", ms: minute },
  { kind: "requests", n: 500 },
  { kind: "analysis", ms: 2 * minute },
  { kind: "approval" },
];
const later: readonly Hold[] = [{ kind: "time", ms: 3 * minute }, { kind: "approval" }];

/** A release that stands at a waypoint with all kinds of holds, with another one ahead. */
function release(changes: Partial<Release>): Release {
  const at = { now: 0, by: "test", busy: "queue" } as const;
  const { release: begun } = requestRelease(newApp("shop", exampleSettings), releaseTo(1), at);
  const [first] = begun?.plan ?? [];
  if (begun === null || first === undefined) throw new TypeError("no release");
  const metrics = ["p95", "error-rate"].map((name) => ({ ...exampleMetric, name }));
  const plan = [
    { ...first, hold: holds, metrics },
    { ...first, hold: later },
  ];
  return { ...begun, plan, ...changes };
}

const reached = { at: 1000, requests: 100 };
const seen = { now: 1000 + 90_000, requests: 310 };
const open = (given: Release) => holdsOf(given, seen).map((hold) => hold.open);

describe("the holds of a waypoint", () => {
  it("count from when it was reached", () => {
    expect(holdsOf(release({ reached }), seen)).toEqual([
      { kind: "time", until: 61_000, open: true },
      { kind: "requests", answered: 210, wanted: 500, open: false },
      { kind: "analysis", until: 121_000, open: false },
      { kind: "approval", open: false },
    ]);
    expect(holdsOf(release({}), seen)).toMatchObject([
      { until: null, open: false },
      { answered: null, open: false },
      { until: null, open: false },
      { open: false },
    ]);
  });

  it("are open as far as somebody said so", () => {
    expect(open(release({ reached, waived: "approved" }))).toEqual([true, true, false, true]);
    expect(open(release({ reached, waived: "waypoint" }))).toEqual([true, true, true, true]);
    expect(open(release({ reached, waived: "all" }))).toEqual([true, true, true, true]);
  });
});

describe("what is left", () => {
  it("is the longest time here, those ahead, and the people", () => {
    expect(remainingOf(release({ reached }), seen)).toEqual({
      ms: 30_000 + 3 * minute,
      approvals: 2,
    });
    expect(remainingOf(release({}), seen)).toEqual({ ms: 5 * minute, approvals: 2 });
  });

  it("is nothing where somebody said that nothing is waited for", () => {
    expect(remainingOf(release({ reached, waived: "all" }), seen)).toEqual({ ms: 0, approvals: 0 });
  });
});

it("tells of each metric what it says, or that it was not measured", () => {
  const state = { verdict: "failed", detail: "2 %", measured: 3 } as const;
  const analysis = { p95: { ...newMetricState(exampleMetric, 0), ...state } };
  expect(analysisOf(release({ reached, analysis }))).toEqual({
    p95: state,
    "error-rate": { verdict: "inconclusive", detail: "not measured yet", measured: 0 },
  });
});
