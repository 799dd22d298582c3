import { describe, expect, it } from "vitest";
import type { App } from "../model/app.ts";
import type { Failure } from "../model/failure.ts";
import { weekdays } from "../model/release-window.ts";
import { whyKinds } from "../model/why.ts";
import { withSchemaPhases } from "../strategies/compile.ts";
import {
  afterMutations,
  begin,
  exampleHook,
  exampleStrategies,
  type FakeEngine,
  intent,
  releaseTo,
  type Scenario,
  type SimEvent,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { requestRelease } from "./requests.ts";

type Prepare = (app: App, engine: FakeEngine) => Partial<Scenario>;

const pass = () => ({ verdict: "successful", detail: "fine" }) as const;

/** An act of the world, due when so many mutations have been decided. */
function world(mutations: number, act: () => unknown): SimEvent {
  return {
    when: afterMutations(mutations),
    act: (app) => {
      act();
      return app;
    },
  };
}

function withPlan(app: App, now: number): App {
  const begun = begin(app, 2, now);
  if (begun.release === null) throw new TypeError("no release");
  const [first, ...rest] = withSchemaPhases(begun.release.plan, 1000);
  if (first === undefined) throw new TypeError("no plan");
  const plan = [{ ...first, before: [exampleHook] }, ...rest];
  return { ...begun, release: { ...begun.release, plan } };
}

/** For each kind of `Why` the run that must reach it. */
const runs: Readonly<Record<(typeof whyKinds)[number], Prepare>> = {
  steady: () => ({}),
  unobservable: (_, engine) => {
    engine.hide("replicas", "socket closed");
    return { events: [late(engine, () => engine.reveal("replicas"))] };
  },
  stale: (_, engine) => {
    engine.freeze();
    return { events: [late(engine, () => engine.thaw())] };
  },
  routeBarrier: () => ({}),
  starting: () => ({}),
  settling: () => ({ minReadyMs: 5000 }),
  unrouting: () => ({}),
  stopping: () => ({}),
  noCapacity: (_, engine) => {
    engine.setSlots(3);
    return { events: [late(engine, () => engine.setSlots(null))] };
  },
  paused: (_, engine) => ({
    events: [intent("pause", afterMutations(2)), intent("resume", engine.now() + 60_000)],
  }),
  held: (app, engine) => ({
    app: begin(withStrategy(app, "canary"), 2, engine.now()),
    verdict: pass,
  }),
  holdUndecided: (app, engine) => {
    const soon = engine.now() + 30_000;
    return {
      app: begin(withStrategy(app, "canary"), 2, engine.now()),
      measure: (_, now) =>
        now < soon ? { kind: "noData", reason: "nobody" } : { kind: "value", value: 0 },
    };
  },
  windowClosed: (app, engine) => {
    const minute =
      new Date(engine.now()).getUTCHours() * 60 + new Date(engine.now()).getUTCMinutes();
    const soon = {
      days: weekdays,
      from: (minute + 1) % 1440,
      to: minute,
      zone: "UTC",
      below: null,
    };
    const windows = [soon];
    return { app: begin({ ...app, settings: { ...app.settings, windows } }, 2, engine.now()) };
  },
  frozen: (app, engine) => {
    const frozen = { reason: "the sale", since: engine.now() };
    const thaw = { ...late(engine, () => undefined), act: (a: App) => ({ ...a, frozen: null }) };
    return { app: { ...app, frozen, pending: releaseTo(2) }, events: [thaw] };
  },
  scaling: () => ({}),
  routing: () => ({}),
  collecting: (app, engine) => ({
    app: begin({ ...app, settings: { ...app.settings, keepRevisions: 1 } }, 2, engine.now()),
  }),
  migrating: (app, engine) => ({ app: withPlan(app, engine.now()), verdict: pass }),
  hookRunning: (app, engine) => ({ app: withPlan(app, engine.now()), verdict: pass }),
  hookOver: (app, engine) => ({ app: withPlan(app, engine.now()), verdict: pass }),
  measured: (app, engine) => ({ app: begin(withStrategy(app, "canary"), 2, engine.now()) }),
  waypointReached: () => ({}),
  progressed: () => ({}),
  turnedBack: (_, engine) => {
    engine.behave(2, { neverReady: true });
    return {};
  },
  pendingStarted: (app, engine) => ({ app: begin(begin(app, 2, engine.now()), 3, engine.now()) }),
  keptExpired: (app, engine) => {
    const kept = [{ revision: 9, warm: false, until: engine.now() + 10 }];
    return { app: begin({ ...app, kept }, 2, engine.now()) };
  },
  finished: () => ({}),
};

/** For each kind of `Failure` the run that must end with it. */
const failures: Readonly<Record<Failure["kind"], Prepare>> = {
  progressDeadline: (_, engine) => {
    engine.behave(2, { neverReady: true });
    return {};
  },
  crashLoop: (_, engine) => {
    engine.behave(2, { crashAfterMs: 10 });
    return {};
  },
  holdFailed: (app, engine) => ({
    app: withGate(app, engine.now()),
    verdict: () => ({ verdict: "failed", detail: "a session is left" }),
  }),
  analysisFailed: (app, engine) => ({
    app: begin(withStrategy(app, "canary"), 2, engine.now()),
    measure: () => ({ kind: "value", value: 2 }),
  }),
  hookFailed: (app, engine) => ({ app: withPlan(app, engine.now()), hook: () => "failed" }),
  aborted: () => ({ events: [intent("abort", afterMutations(2))] }),
  rolledBack: () => ({ events: [intent("rollback", afterMutations(2))] }),
  replaced: () => ({
    events: [
      {
        when: afterMutations(2),
        act: (app, now) => requestRelease(app, releaseTo(3), { now, by: "bob", busy: "replace" }),
      },
    ],
  }),
};

function withGate(app: App, now: number): App {
  const steps = [{ weight: 50, replicas: null, hold: [{ kind: "gate", name: "g" }] }] as const;
  const strategy = { kind: "canary", steps, sticky: null, bakeMs: 0 } as const;
  return begin({ ...app, settings: { ...app.settings, strategy } }, 2, now);
}

function late(engine: FakeEngine, act: () => unknown): SimEvent {
  return { ...world(0, act), when: engine.now() + 10_000 };
}

function withStrategy(app: App, kind: "canary"): App {
  return { ...app, settings: { ...app.settings, strategy: exampleStrategies[kind] } };
}

async function play(prepare: Prepare) {
  const { app, engine } = await settledApp();
  const scenario = { app: begin(app, 2, engine.now()), engine };
  return simulate({ ...scenario, ...prepare(app, engine) });
}

describe("why", () => {
  it.each(whyKinds)("can be %s", async (kind) => {
    const run = await play(runs[kind]);
    expect([...run.whys]).toContain(kind);
    expect(run.app.release).toBeNull();
  });

  it.each(Object.entries(failures))("a release can fail as %s", async (kind, prepare) => {
    const run = await play(prepare);
    const reasons = (await run.history()).map((record) => record.reason?.kind);
    expect(reasons).toContain(kind);
  });
});
