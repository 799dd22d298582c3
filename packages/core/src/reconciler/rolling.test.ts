import { describe, expect, it } from "vitest";
import type { Amount } from "../model/waypoint.ts";
import {
  afterMutations,
  begin,
  loose,
  type SimEvent,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { setReplicas } from "./requests.ts";

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

describe("a rolling release", () => {
  it("goes two by two with surge 2", async () => {
    const { steps } = await roll({ surge: 2, unavailable: 0 }, { replicas: 4 });
    expect(steps).toEqual([
      [4, 2],
      [2, 2],
      [2, 4],
      [0, 4],
    ]);
  });

  it("rounds percentages of surge up and of unavailable down", async () => {
    const { steps, run } = await roll({ surge: "25%", unavailable: "25%" }, { replicas: 5 });
    expect(steps[0]).toEqual([5, 2]);
    expect(steps[1]).toEqual([4, 2]);
    expect(Math.min(...run.trace.map((l) => l.available))).toBe(4);
  });

  it.each([1, 2, 5, 8])(
    "ends with %i replicas when scaled to that on the way",
    async (replicas) => {
      const scale: SimEvent = {
        when: afterMutations(2),
        act: (app) => setReplicas(app, replicas),
      };
      const { run } = await roll({ surge: 1, unavailable: 0 }, { events: [scale] });
      expect(run.app.stable).toBe(2);
      expect(run.engine.levels().get(2)).toBe(replicas);
    },
  );

  it.each([0, 1, 2, 3, 4, 5])(
    "succeeds when a stable replica is lost after change %i",
    async (n) => {
      const lose: SimEvent = {
        when: (simulation) => simulation.mutations >= n && simulation.engine.kill(1),
        act: (app) => app,
      };
      const { run } = await roll({ surge: 1, unavailable: 0 }, { events: [lose] });
      expect(run.app.stable).toBe(2);
    },
  );

  it("makes no step while an old replica may still get requests", async () => {
    const { app, engine } = await settledApp();
    engine.behave(1, { unrouteMs: 10_000 });
    const run = await simulate({ app: begin(app, 2, engine.now()), engine });
    const shrunk = run.trace.findIndex((l) => l.levels[1] === 2);
    const grown = run.trace.findIndex((l) => l.levels[2] === 2);
    const waited = (run.trace[grown]?.at ?? 0) - (run.trace[shrunk]?.at ?? 0);
    expect(waited).toBeGreaterThanOrEqual(10_000);
  });

  it("makes no step before a lagging part has acknowledged the route", async () => {
    const { app, engine } = await settledApp();
    engine.dataPlane.hold();
    const letGo: SimEvent = {
      when: engine.now() + 10_000,
      act: (a, now) => {
        engine.dataPlane.letGo(now);
        return a;
      },
    };
    const start = engine.now();
    const run = await simulate({ app: begin(app, 2, start), engine, events: [letGo] });
    const shrunk = run.trace.find((l) => l.levels[1] === 2);
    expect((shrunk?.at ?? 0) - start).toBeGreaterThanOrEqual(10_000);
    expect(run.whys).toContain("routeBarrier");
  });
});
