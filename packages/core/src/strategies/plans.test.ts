import { describe, expect, it } from "vitest";
import type { Strategy } from "../model/strategy.ts";
import type { Waypoint } from "../model/waypoint.ts";
import {
  begin,
  exampleHook,
  exampleStrategies,
  intent,
  loose,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { compile, withSchemaPhases } from "./compile.ts";

/** A plan in short: where it stands, how it routes, what it waits for. */
function shape(plan: readonly Waypoint[]) {
  return plan.map(({ id, replicas, route, hold, leavers }) => {
    const counts = [replicas.stable, replicas.canary].map((c) => (c.kind === "share" ? c.of : c));
    const way = route.kind === "byWeight" ? route.canary : route.kind;
    return [id, ...counts, way, leavers, hold];
  });
}

function planOf(strategy: Strategy) {
  return compile({ strategy }, { from: 1, warm: false });
}

const time = (ms: number) => ({ kind: "time", ms }) as const;

describe("the plan of", () => {
  it("a rolling release is one waypoint with the strategy's pace", () => {
    const plan = planOf({ kind: "rolling", maxSurge: "25%", maxUnavailable: 1 });
    expect(shape(plan)).toEqual([["roll", 0, 1, "byReplica", "unrouted", []]]);
    expect(plan[0]?.pace).toEqual({ surge: "25%", unavailable: 1 });
  });

  it("recreate stops everybody, sees them gone and starts everybody", () => {
    expect(shape(planOf(exampleStrategies.recreate))).toEqual([
      ["stop", 0, 0, "byReplica", "stopped", []],
      ["start", 0, 1, "byReplica", "unrouted", []],
    ]);
  });

  it("blue-green has two full stacks, one switch and a bake", () => {
    expect(shape(planOf(exampleStrategies.blueGreen))).toEqual([
      ["preview", 1, 1, 0, "unrouted", [{ kind: "approval" }]],
      ["switch", 1, 1, 100, "unrouted", [time(60_000)]],
      ["retire", 0, 1, 100, "unrouted", []],
    ]);
  });

  it("canary sizes the new side to its weight and keeps the old one whole until the bake is over", () => {
    expect(shape(planOf(exampleStrategies.canary))).toEqual([
      ["canary 5 %", 1, 0.05, 5, "unrouted", [{ kind: "analysis", ms: 10_000 }]],
      ["canary 50 %", 1, 0.5, 50, "unrouted", [time(30_000)]],
      ["bake", 1, 1, 100, "unrouted", [time(60_000)]],
      ["retire", 0, 1, 100, "unrouted", []],
    ]);
  });

  it("canary takes a fixed number of replicas where a step names one", () => {
    const steps = [{ weight: 10, replicas: { kind: "fixed", n: 2 }, hold: [] }] as const;
    const plan = planOf({ kind: "canary", steps, sticky: null, bakeMs: 0 });
    expect(plan[0]?.replicas.canary).toEqual({ kind: "fixed", n: 2 });
  });

  it("an A/B test compares, lets the winner bake and retires the other", () => {
    expect(shape(planOf(exampleStrategies.abTest))).toEqual([
      ["compare", 1, 1, "byMatch", "unrouted", [{ kind: "requests", n: 200 }]],
      ["winner", 1, 1, 100, "unrouted", [time(10_000)]],
      ["retire", 0, 1, 100, "unrouted", []],
    ]);
  });

  it.each(Object.values(exampleStrategies))("a first release starts all at once: $kind", (s) => {
    expect(shape(compile({ strategy: s }, { from: null, warm: false }))).toEqual([
      ["start", 0, 1, "byReplica", "unrouted", []],
    ]);
  });

  it("a release to a side that is warm is the switch at once: no hook comes before it", () => {
    const { blueGreen: strategy } = exampleStrategies;
    const hooks = { before: [exampleHook], afterSwitch: [exampleHook], onFailure: [] };
    const run = (warm: boolean) =>
      compile({ strategy, hooks }, { from: 1, warm }).map((w) => [w.id, w.before.length]);
    expect(run(true)).toEqual([
      ["switch", 0],
      ["after switch", 1],
      ["retire", 0],
    ]);
    expect(run(false)[0]).toEqual(["preview", 1]);
  });

  it("a release with a migration is wrapped in expand and contract", () => {
    const plan = withSchemaPhases(planOf(exampleStrategies.rolling), 5000);
    expect(shape(plan)).toEqual([
      ["expand", 1, 0, "byReplica", "unrouted", []],
      ["roll", 0, 1, "byReplica", "unrouted", []],
      ["contract", 0, 1, "byReplica", "stopped", [time(5000), { kind: "gate", name: "contract" }]],
    ]);
    expect(plan.map((w) => w.schema)).toEqual(["expand", null, "contract"]);
    expect(plan.at(-1)?.onFail).toBe("pause");
  });
});

describe("each strategy on the fake engine", () => {
  it.each(
    Object.values(exampleStrategies).flatMap((strategy: Strategy) =>
      [1, 3, 7].map((replicas) => ({ kind: strategy.kind, strategy, replicas })),
    ),
  )("brings $replicas replicas to the new revision: $kind", async ({ strategy, replicas }) => {
    const { app, engine } = await settledApp({ strategy, replicas });
    const run = await simulate({
      app: begin(app, 2, engine.now()),
      engine,
      verdict: () => ({ verdict: "successful", detail: "fine" }),
      events: [intent("skip", (s) => s.decisions.at(-1)?.why.kind === "held")],
    });
    expect(run.app.stable).toBe(2);
    expect(loose(run)).toEqual([]);
    const serving = Math.min(...run.trace.map((l) => l.available));
    expect(serving).toBe(strategy.kind === "recreate" ? 0 : replicas);
  });

  it("runs a migration around the plan: expand before any new replica, contract after all old ones", async () => {
    const { app, engine } = await settledApp();
    const begun = begin(app, 2, engine.now());
    const { release } = begun;
    if (release === null) throw new TypeError("no release");
    const plan = withSchemaPhases(release.plan, 1000);
    const run = await simulate({
      app: { ...begun, release: { ...release, plan } },
      engine,
      verdict: () => ({ verdict: "successful", detail: "nobody needs it" }),
    });
    const acts = run.trace.filter((l) => l.decision.startsWith("mutate"));
    expect(acts[0]?.decision).toContain('"expand"');
    const contract = acts.find((l) => l.decision.includes('"contract"'));
    expect(contract?.levels).toEqual({ 1: 0, 2: 3 });
    expect(run.app.stable).toBe(2);
  });
});
