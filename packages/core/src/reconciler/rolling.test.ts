import { describe, expect, it } from "vitest";
import type { Amount } from "../model/waypoint.ts";
import { begin, loose, type SimEvent, settledApp, simulate } from "../testing/index.ts";

/** Releases revision 2 and returns the levels (old, new) after each change of one. */
async function roll(
  pace: { readonly surge: Amount; readonly unavailable: Amount },
  rest: { readonly replicas?: number; readonly events?: readonly SimEvent[] } = {},
) {
  const { replicas = 3, events = [] } = rest;
  const strategy = {
    kind: "rolling",
    maxSurge: pace.surge,
    maxUnavailable: pace.unavailable,
  } as const;
  const { app, engine } = await settledApp({ replicas, strategy });
  const start = engine.now();
  const run = await simulate({ app: begin(app, 2, start), engine, events });
  const steps = run.trace
    .filter((line) => line.decision.includes('"scale"'))
    .map((line) => [line.levels[1] ?? 0, line.levels[2] ?? 0]);
  expect(loose(run)).toEqual([]);
  return { run, steps };
}

describe("a rolling release of three replicas", () => {
  it("adds a replica, then removes an old one, with surge 1 and unavailable 0", async () => {
    const { steps, run } = await roll({ surge: 1, unavailable: 0 });
    expect(steps).toEqual([
      [3, 1],
      [2, 1],
      [2, 2],
      [1, 2],
      [1, 3],
      [0, 3],
    ]);
    expect(Math.min(...run.trace.map((l) => l.available))).toBeGreaterThanOrEqual(3);
    expect(run.app.stable).toBe(2);
  });

  it("removes an old replica, then adds a new one, with surge 0 and unavailable 1", async () => {
    const { steps } = await roll({ surge: 0, unavailable: 1 });
    expect(steps).toEqual([
      [2, 0],
      [2, 1],
      [1, 1],
      [1, 2],
      [0, 2],
      [0, 3],
    ]);
  });

  it("does both at once with surge 1 and unavailable 1", async () => {
    const { steps } = await roll({ surge: 1, unavailable: 1 });
    expect(steps).toEqual([
      [3, 1],
      [2, 1],
      [2, 2],
      [1, 2],
      [1, 3],
      [0, 3],
    ]);
  });
});
