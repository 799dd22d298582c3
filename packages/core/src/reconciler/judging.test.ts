import { expect, it } from "vitest";
import type { Settings } from "../model/app.ts";
import type { Metric } from "../model/metric.ts";
import type { Strategy } from "../model/strategy.ts";
import { compile } from "../strategies/compile.ts";
import {
  begin,
  exampleHook,
  exampleMetric,
  exampleSettings,
  exampleStrategies,
  rollBack,
  type Scenario,
  type SimEvent,
  say,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { newApp, previousRevision } from "./requests.ts";

const judged = {
  kind: "canary",
  steps: [{ weight: 50, replicas: null, hold: [{ kind: "analysis", ms: 30_000 }] }],
  sticky: null,
  bakeMs: 0,
} as const;

function planOf(strategy: Strategy, rest: Partial<Settings> = {}) {
  return compile({ strategy, ...rest }, { from: 1, warm: false });
}

async function released(analysis: readonly Metric[], rest: Partial<Scenario>) {
  const { app, engine } = await settledApp({ strategy: judged, analysis });
  const run = await simulate({ app: begin(app, 2, engine.now()), engine, ...rest });
  return { engine, row: (await run.history()).at(-1) };
}

it("a rollback without a number goes to nobody who was rolled back from", async () => {
  const { app: first, engine } = await settledApp();
  const then = async (app: typeof first) => (await simulate({ app, engine })).app;
  const third = await then(begin(await then(begin(first, 2, engine.now())), 3, engine.now()));
  expect(previousRevision(third)).toBe(2);
  const back = await then(rollBack(third, 1, engine.now()));
  expect(back.distrusted).toEqual([3]);
  const up = await then(rollBack(back, 2, engine.now()));
  // 1 has served before, and somebody went from it to 2.
  expect(up.distrusted).toEqual([3, 1]);
  expect(previousRevision(up)).toBeNull();
  const trusted = await then(rollBack(up, 1, engine.now()));
  expect(trusted.distrusted).toEqual([3, 2]);
});

it("a metric that has to be had and cannot be read turns the release back", async () => {
  const measure = () => ({ kind: "noData", reason: "nobody answers" }) as const;
  const { row } = await released([{ ...exampleMetric, onNoData: "fail" }], { measure });
  expect(row).toMatchObject({ outcome: "failed", reason: { kind: "analysisFailed" } });
});

it("requests are judged once, however often they are looked at", async () => {
  const source = { kind: "proxy", measure: { kind: "errors" } } as const;
  const judge = { kind: "threshold", below: 0.01, above: null } as const;
  const metric = { ...exampleMetric, source, judge, intervalMs: 1000 };
  const { row } = await released([metric], {});
  const counts = /([\d,]+) requests/.exec(row?.judged?.[0]?.detail ?? "")?.[1];
  // Half of 100 a second, for 30 s and a few more.
  expect(Number(counts?.replaceAll(",", ""))).toBeLessThan(2000);
  expect(Number(counts?.replaceAll(",", ""))).toBeGreaterThan(1000);
});

/** Half of the steps of a canary are behind it when its replicas, and those that join, fall ill. */
async function illWhileItMoves(errorShare: number) {
  const source = { kind: "proxy", measure: { kind: "errors" } } as const;
  const judge = { kind: "comparison", effect: 0.01 } as const;
  const analysis = [{ ...exampleMetric, source, judge, intervalMs: 1000 }];
  const hold = [{ kind: "time", ms: 5000 }] as const;
  const steps = [10, 50].map((weight) => ({ weight, replicas: null, hold }));
  const strategy = { kind: "canary", steps, sticky: null, bakeMs: 0 } as const;
  const { app, engine } = await settledApp({ strategy, analysis });
  const ill = { errorShare, neverReady: true };
  const when: SimEvent = {
    when: (run) => run.app.release?.cursor === 1,
    world: () => engine.behave(2, ill),
  };
  const run = await simulate({ app: begin(app, 2, engine.now()), engine, events: [when] });
  return (await run.history()).at(-1);
}

it("an outage while the shares move turns a release back at once, and less than that does not", async () => {
  expect((await illWhileItMoves(1))?.reason).toMatchObject({
    kind: "analysisFailed",
    waypoint: "canary 50 %",
    detail: expect.stringMatching(/^100 % errors in \d+ requests, 50 % allowed/),
  });
  expect((await illWhileItMoves(0.3))?.reason?.kind).toBe("progressDeadline");
});

it("where stable gets no requests a comparison of errors looks for an outage, one of latencies for nothing", () => {
  const analysis = (["errors", "latency"] as const).map((kind) => ({
    ...exampleMetric,
    name: kind,
    source: { kind: "proxy", measure: { kind, quantile: 0.95 } } as const,
    judge: { kind: "comparison", effect: 1.2 } as const,
  }));
  const plan = planOf({ kind: "canary", steps: [], sticky: null, bakeMs: 1 }, { analysis });
  const judges = plan.flatMap(({ metrics = [] }) => metrics.map((m) => [m.name, m.judge]));
  expect(judges).toEqual([["errors", { kind: "threshold", below: 0.5, above: null }]]);
});

it("the chance of a false alarm is shared out over all that may give one", () => {
  const source = { kind: "proxy", measure: { kind: "errors" } } as const;
  const analysis = [{ ...exampleMetric, source, falseAlarms: 0.06 }];
  const hold = [{ kind: "time", ms: 1 }] as const;
  const steps = [10, 50].map((weight) => ({ weight, replicas: null, hold }));
  const plan = planOf({ kind: "canary", steps, sticky: null, bakeMs: 1 }, { analysis });
  const shares = plan.flatMap(({ metrics = [] }) => metrics.map((m) => m.falseAlarms));
  expect(shares.reduce((sum, each) => sum + each, 0)).toBeCloseTo(0.06, 9);
  expect(shares.length).toBeGreaterThan(1);
});

it("a canary at weight 0 has a replica all the same", () => {
  const steps = [{ weight: 0, replicas: null, hold: [] }];
  const [first] = planOf({ kind: "canary", steps, sticky: null, bakeMs: 0 });
  expect(first?.replicas.canary).toEqual({ kind: "fixed", n: 1 });
});

it("hooks that follow the switch come behind it, and before what it holds for", () => {
  const hooks = { before: [], afterSwitch: [exampleHook], onFailure: [] };
  const plan = planOf(exampleStrategies.blueGreen, { hooks });
  expect(plan.map(({ id, before, hold }) => [id, before.length, hold.length])).toEqual([
    ["preview", 0, 1],
    ["switch", 0, 0],
    ["after switch", 1, 1],
    ["retire", 0, 0],
  ]);
});

it("a rollback to a warm side takes nobody away before there are enough, once it has switched", () => {
  const strategy = {
    kind: "canary",
    steps: [],
    sticky: null,
    bakeMs: 0,
    keepWarmMs: 1000,
  } as const;
  const plan = compile({ strategy }, { from: 1, warm: true });
  expect(plan.map(({ id, pace }) => [id, pace.unavailable])).toEqual([
    ["switch", 1],
    ["retire", 0],
  ]);
});

it("a way back keeps requests from a side that they were kept from, wherever it turns", () => {
  const begun = begin({ ...newApp("shop", exampleSettings), stable: 1 }, 2, 0);
  const weights = [
    { revision: 1, weight: 100 },
    { revision: 2, weight: 0 },
  ];
  const rule = { kind: "byWeight", weights, sticky: null } as const;
  const back = say({ ...begun, route: { generation: 1, rule } }, "abort", 1).release?.back;
  expect(back?.map(({ route }) => route)).toEqual([{ kind: "byWeight", canary: 0, sticky: null }]);
});
