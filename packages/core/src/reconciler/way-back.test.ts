import { describe, expect, it } from "vitest";
import type { App, Settings } from "../model/app.ts";
import type { ReleaseRecord } from "../model/release.ts";
import { routedRevisions } from "../model/route.ts";
import { withSchemaPhases } from "../strategies/compile.ts";
import {
  afterMutations,
  atWaypoint,
  begin,
  FakeEngine as Engine,
  exampleSettings,
  exampleStrategies,
  type FakeEngine,
  intent,
  loose,
  releaseTo,
  rollBack,
  type Scenario,
  type SimEvent,
  type Simulation,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { newApp, previousRevision, requestRelease } from "./requests.ts";

const pass = () => ({ verdict: "successful", detail: "fine" }) as const;

async function release(
  rest: Partial<Scenario> & { readonly settings?: Partial<Settings> },
  prepare: (engine: FakeEngine) => void = () => {},
): Promise<Simulation> {
  const { app, engine } = await settledApp(rest.settings);
  prepare(engine);
  return simulate({ verdict: pass, ...rest, app: begin(app, 2, engine.now()), engine });
}

async function lastOf(run: Simulation): Promise<ReleaseRecord | undefined> {
  return (await run.history()).at(-1);
}

/** An act of the world: the app is as it was. */
function meanwhile(act: () => unknown): (app: App) => App {
  return (app) => {
    act();
    return app;
  };
}

describe("a release that fails", () => {
  it("turns back at the deadline with what the probe last saw", async () => {
    const run = await release({}, (engine) => engine.behave(2, { neverReady: true }));
    const record = await lastOf(run);
    expect(record).toMatchObject({
      outcome: "failed",
      reason: {
        kind: "progressDeadline",
        seconds: 120,
        available: 0,
        wanted: 3,
        evidence: { probe: { ok: false, evidence: "GET /ready → 503" } },
      },
    });
    expect((record?.endedAt ?? 0) - (record?.startedAt ?? 0)).toBeGreaterThanOrEqual(120_000);
    expect((record?.endedAt ?? 0) - (record?.startedAt ?? 0)).toBeLessThan(125_000);
    expect(run.app.stable).toBe(1);
    expect(loose(run)).toEqual([]);
  });

  it("turns back at the third exit of the new revision, with the exit as evidence", async () => {
    const run = await release({}, (engine) => engine.behave(2, { crashAfterMs: 100 }));
    const record = await lastOf(run);
    expect(record).toMatchObject({
      outcome: "failed",
      reason: {
        kind: "crashLoop",
        exits: 3,
        evidence: { exit: { kind: "code", code: 1 }, lastLogLines: [/last words/] },
      },
    });
    expect(loose(run)).toEqual([]);
  });

  it("does not count the exits of an earlier life against a rollback to that revision", async () => {
    const { app, engine } = await settledApp();
    for (let n = 0; n < 4; n += 1) {
      engine.kill(1);
      engine.runTo(engine.now() + 70_000);
    }
    const there = await simulate({ app: begin(app, 2, engine.now()), engine });
    const now = engine.now();
    const back = rollBack(there.app, 1, now);
    const run = await simulate({ app: back, engine });
    expect(run.app.stable).toBe(1);
  });

  it("does not turn back at once when a crash loop was mended and is retried", async () => {
    const { app, engine } = await settledApp();
    engine.behave(2, { crashAfterMs: 100, drainMs: 60_000 });
    const retry: SimEvent = {
      ...intent("retry", ({ app }) => app.release?.direction === "back"),
    };
    const mend: SimEvent = {
      when: ({ app }) => app.release?.direction === "back",
      act: (app) => {
        engine.behave(2, { crashAfterMs: null });
        return app;
      },
    };
    const run = await simulate({ app: begin(app, 2, engine.now()), engine, events: [mend, retry] });
    expect(run.app.stable).toBe(2);
    expect(loose(run)).toEqual([]);
  });

  it("does not turn back for a wait in which it was not allowed to move", async () => {
    const { app, engine } = await settledApp({ progressDeadlineSeconds: 30 });
    engine.behave(1, { unrouteMs: 40_000 });
    const run = await simulate({ app: begin(app, 2, engine.now()), engine });
    expect(run.app.stable).toBe(2);
  });

  it("does not turn back for progress that was made while nobody could look", async () => {
    const { app, engine } = await settledApp({ progressDeadlineSeconds: 30 });
    const start = engine.now();
    const events: SimEvent[] = [
      { when: start + 100, act: meanwhile(() => engine.hide("replicas", "socket closed")) },
      { when: start + 60_000, act: meanwhile(() => engine.reveal("replicas")) },
    ];
    const run = await simulate({ app: begin(app, 2, start), engine, events });
    expect(run.app.stable).toBe(2);
  });

  it("does not turn back at the finish when a new replica blinks while old ones drain", async () => {
    const { app, engine } = await settledApp({ progressDeadlineSeconds: 30 });
    engine.behave(1, { drainMs: 120_000 });
    const start = engine.now();
    const events: SimEvent[] = [
      { when: start + 100_000, act: meanwhile(() => engine.stall(2, 3000)) },
    ];
    const run = await simulate({ app: begin(app, 2, start), engine, events });
    expect(run.app.stable).toBe(2);
  });

  it("turns back when the new side stops being ready during a bake, and only after the deadline", async () => {
    const { app, engine } = await settledApp({ strategy: exampleStrategies.abTest });
    const start = engine.now();
    let stalledAt = 0;
    const stall: SimEvent = {
      when: ({ app }) => app.release?.reached != null && app.release.cursor === 1,
      act: (a, now) => {
        stalledAt = now;
        engine.stall(2, Number.POSITIVE_INFINITY);
        return a;
      },
    };
    const run = await simulate({ app: begin(app, 2, start), engine, events: [stall] });
    const record = await lastOf(run);
    expect(record?.reason?.kind).toBe("progressDeadline");
    expect((record?.endedAt ?? 0) - stalledAt).toBeGreaterThanOrEqual(120_000);
    expect(run.app.stable).toBe(1);
    expect(loose(run)).toEqual([]);
  });

  it("ends a first release that fails as stuck, with nothing left running", async () => {
    const engine = new Engine();
    engine.behave(1, { neverReady: true });
    const run = await simulate({ app: begin(newApp("shop", exampleSettings), 1, 0), engine });
    expect(await lastOf(run)).toMatchObject({ outcome: "stuck", from: null, to: 1 });
    expect(run.app.stable).toBeNull();
    expect(engine.replicas()).toEqual([]);
  });

  it("follows a stuck first release with the next one", async () => {
    const engine = new Engine();
    engine.behave(1, { neverReady: true });
    const stuck = await simulate({ app: begin(newApp("shop", exampleSettings), 1, 0), engine });
    const run = await simulate({ app: begin(stuck.app, 2, engine.now()), engine });
    expect(run.app.stable).toBe(2);
    expect(loose(run)).toEqual([]);
  });
});

function routed(engine: FakeEngine): readonly number[] {
  return routedRevisions(engine.dataPlane.inForce.rule);
}

describe("the way back", () => {
  const kinds = Object.keys(exampleStrategies);
  it.each(kinds)("of %s leads back from every step, by abort and by rollback", async (kind) => {
    const strategy = Object.entries(exampleStrategies).find(([k]) => k === kind)?.[1];
    if (strategy === undefined) throw new TypeError(kind);
    const approve = intent("promote", (s) => s.decisions.at(-1)?.why.kind === "held");
    const whole = await release({ settings: { strategy }, events: [approve] });
    expect(whole.app.stable).toBe(2);
    expect(loose(whole)).toEqual([]);
    for (let step = 0; step < whole.decisions.length - 1; step += 1) {
      for (const way of ["abort", "rollback"] as const) {
        const turn = intent(way, (s) => s.decisions.length >= step);
        const run = await release({ settings: { strategy }, events: [approve, turn] });
        const outcome = way === "abort" ? "aborted" : "rolledBack";
        expect(await lastOf(run), `step ${step}`).toMatchObject({ outcome, from: 1, to: 2 });
        expect(run.app.stable).toBe(1);
        expect(loose(run)).toEqual([]);
      }
    }
  });

  it.each(kinds)("of %s leads back from every step of a migration too", async (kind) => {
    const strategy = Object.entries(exampleStrategies).find(([k]) => k === kind)?.[1];
    if (strategy === undefined) throw new TypeError(kind);
    const approve = intent("promote", (s) => s.decisions.at(-1)?.why.kind === "held");
    const turned: number[] = [];
    for (let step = 0; turned.length === step; step += 1) {
      const { app, engine } = await settledApp({ strategy });
      const begun = begin(app, 2, engine.now());
      if (begun.release === null) throw new TypeError("no release");
      const plan = withSchemaPhases(begun.release.plan, 1000);
      const migrating = { ...begun, release: { ...begun.release, plan } };
      const abort = intent("abort", (s) => {
        const due = s.mutations >= step && s.app.release?.contracted === false;
        if (due && turned.length === step) turned.push(step);
        return due;
      });
      // Who gets requests on the way is judged by the simulation, after each route.
      const run = await simulate({
        app: migrating,
        engine,
        verdict: pass,
        events: [approve, abort],
        until: ({ app: { release } }) => release?.contracted === true,
      });
      if (turned.length > step) expect(loose(run), `step ${step}`).toEqual([]);
    }
    expect(turned.length).toBeGreaterThan(2);
  });

  it.each(kinds)("of %s is reached from every step with a new side that hangs", async (kind) => {
    const strategy = Object.entries(exampleStrategies).find(([k]) => k === kind)?.[1];
    if (strategy === undefined) throw new TypeError(kind);
    const approve = intent("promote", (s) => s.decisions.at(-1)?.why.kind === "held");
    const whole = await release({ settings: { strategy }, events: [approve] });
    for (let n = 0; n <= whole.mutations - 4; n += 1) {
      const { app, engine } = await settledApp({ strategy });
      const hang: SimEvent = {
        when: afterMutations(n),
        act: (a) => {
          engine.behave(2, { neverReady: true });
          engine.stall(2, Number.POSITIVE_INFINITY);
          return a;
        },
      };
      const events = [approve, hang];
      const run = await simulate({
        app: begin(app, 2, engine.now()),
        engine,
        events,
        verdict: pass,
      });
      expect(loose(run), `${n}`).toEqual([]);
    }
  });

  it("waits for none of the replicas that it lost meanwhile", async () => {
    const { app, engine } = await settledApp();
    engine.behave(2, { neverReady: true });
    const lose: SimEvent = {
      when: ({ app }) => app.release?.direction === "back",
      act: (a) => {
        engine.behave(1, { neverReady: true });
        engine.kill(1);
        return a;
      },
    };
    const run = await simulate({
      app: begin(app, 2, engine.now()),
      engine,
      events: [lose],
      until: (s) => s.app.release === null,
      maxSteps: 400,
    });
    expect(run.app.stable).toBe(1);
  });

  it("gives all requests back to a stable side that has just lost a replica", async () => {
    const { app, engine } = await settledApp({ strategy: exampleStrategies.blueGreen });
    const events: SimEvent[] = [
      intent("promote", (s) => s.decisions.at(-1)?.why.kind === "held"),
      {
        when: atWaypoint("switch"),
        act: (a) => {
          engine.behave(1, { neverReady: true });
          engine.kill(1);
          return a;
        },
      },
      intent("abort", atWaypoint("switch")),
    ];
    await simulate({
      app: begin(app, 2, engine.now()),
      engine,
      events,
      until: ({ app }) => app.release?.direction === "back" && !routed(engine).includes(2),
      maxSteps: 400,
    });
    expect(engine.replicas(1).filter((r) => r.state === "ready")).toHaveLength(2);
  });

  it("frees the place of a hung replica when there is no room to grow", async () => {
    const { app, engine } = await settledApp({
      replicas: 4,
      strategy: { kind: "rolling", maxSurge: "100%", maxUnavailable: 2 },
    });
    engine.setSlots(6);
    engine.behave(2, { neverReady: true, drainMs: 10 });
    const run = await simulate({ app: begin(app, 2, engine.now()), engine });
    expect(run.app.stable).toBe(1);
    expect(loose(run)).toEqual([]);
  });

  it("goes on after a pause at every step", async () => {
    const whole = await release({});
    for (let step = 0; step < whole.decisions.length - 1; step += 1) {
      const pause = intent("pause", (s) => s.decisions.length >= step);
      const { app, engine } = await settledApp();
      const resume = intent("resume", engine.now() + 600_000);
      const run = await simulate({
        app: begin(app, 2, engine.now()),
        engine,
        events: [pause, resume],
      });
      expect(run.app.stable, `step ${step}`).toBe(2);
      expect(loose(run)).toEqual([]);
    }
  });

  it("does not turn back when promoted after a long pause", async () => {
    const { app, engine } = await settledApp();
    const start = engine.now();
    const events = [intent("pause", start + 100), intent("promote", start + 600_000)];
    const run = await simulate({ app: begin(app, 2, start), engine, events });
    expect(run.app.stable).toBe(2);
  });
});

describe("a request while a release runs", () => {
  const ask = (to: number, busy: "queue" | "replace", when: SimEvent["when"]): SimEvent => ({
    when,
    act: (app, now) => requestRelease(app, releaseTo(to), { now, by: "bob", busy }),
  });

  it("queues one release, and a newer one takes its place", async () => {
    const run = await release({
      events: [ask(3, "queue", afterMutations(1)), ask(4, "queue", afterMutations(2))],
    });
    const history = await run.history();
    expect(history.map((r) => [r.to, r.outcome])).toEqual([
      [2, "succeeded"],
      [4, "succeeded"],
    ]);
    expect(loose(run)).toEqual([]);
  });

  it("replaces the running release when asked to", async () => {
    const run = await release({ events: [ask(3, "replace", afterMutations(3))] });
    const history = await run.history();
    expect(history.map((r) => [r.from, r.to, r.outcome])).toEqual([
      [1, 2, "replaced"],
      [1, 3, "succeeded"],
    ]);
  });

  it("follows a rollback to a third revision at once with a release to it", async () => {
    const { app, engine } = await settledApp();
    const second = await simulate({ app: begin(app, 2, engine.now()), engine });
    const to1: SimEvent = {
      when: (s) => s.mutations >= 3,
      act: (a: App, now) => rollBack(a, 1, now),
    };
    const run = await simulate({ app: begin(second.app, 3, engine.now()), engine, events: [to1] });
    const history = await run.history();
    expect(history.map((r) => [r.from, r.to, r.outcome])).toEqual([
      [2, 3, "rolledBack"],
      [2, 1, "succeeded"],
    ]);
    expect(previousRevision(run.app)).toBeNull();
    expect(run.app.served).toEqual([2, 1]);
  });
});
