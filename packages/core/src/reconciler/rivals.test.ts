import { describe, expect, it } from "vitest";
import type { App, Settings } from "../model/app.ts";
import type { RouteRule } from "../model/route.ts";
import {
  atWaypoint,
  begin,
  exampleStrategies,
  type FakeEngine,
  intent,
  loose,
  releaseTo,
  type Scenario,
  type SimEvent,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { requestRelease } from "./requests.ts";

const pass = () => ({ verdict: "successful", detail: "fine" }) as const;

interface Play extends Partial<Scenario> {
  readonly settings?: Partial<Settings>;
  readonly prepare?: (engine: FakeEngine) => void;
}

/** A release to revision 2 of an app on which revision 1 has settled. */
async function play({ settings, prepare, ...rest }: Play) {
  const { app, engine } = await settledApp(settings);
  const generations = app.route.generation;
  prepare?.(engine);
  const released = begin(app, 2, engine.now());
  const run = await simulate({ verdict: pass, app: released, engine, ...rest });
  return { run, engine, generations };
}

function world(when: SimEvent["when"], act: (engine: FakeEngine) => void): SimEvent {
  return { when, world: ({ engine }) => act(engine) };
}

/** Rules in the order in which they were handed over. */
function rulesOf(run: Awaited<ReturnType<typeof simulate>>): readonly RouteRule[] {
  return run.decisions.flatMap((d) =>
    d.kind === "mutate" && d.mutation.kind === "route" ? [d.mutation.table.rule] : [],
  );
}

const canaryShare = (rule: RouteRule) =>
  rule.kind === "byWeight" ? (rule.weights.find((w) => w.revision === 2)?.weight ?? 0) : 0;

const back = ({ app }: { readonly app: App }) => app.release?.direction === "back";
const { blueGreen, canary } = exampleStrategies;

/** Defects that the trackers and sources of other rollout tools show, each as a run of ours. */
describe("a defect of others", () => {
  it("abort waits until 100 % of stable is available: here enough of it will do", async () => {
    const { run } = await play({
      settings: { strategy: canary },
      events: [
        world(atWaypoint("canary 50 %"), (engine) => {
          engine.behave(1, { neverReady: true });
          engine.kill(1);
        }),
        intent("abort", atWaypoint("canary 50 %")),
      ],
      until: (s) => s.engine.dataPlane.inForce.rule.kind !== "byWeight" && back(s),
      maxSteps: 200,
    });
    const toZero = run.trace.findIndex((l) => l.decision.includes('{"revision":2,"weight":0}'));
    expect(run.trace[toZero]?.available).toBeLessThan(6);
    expect(toZero).toBeGreaterThan(0);
  });

  it("abort of a rolling release hangs on one stable replica that never comes back", async () => {
    const { run } = await play({
      events: [
        world(
          (s) => (s.engine.levels().get(2) ?? 0) > 0,
          (engine) => {
            engine.behave(1, { neverReady: true });
            engine.kill(1);
          },
        ),
        intent("abort", (s) => s.engine.losses > 0),
      ],
      until: (s) => s.engine.losses > 0 && s.app.release === null,
      maxSteps: 1000,
    });
    expect((await run.history()).at(-1)).toMatchObject({ outcome: "aborted", to: 2 });
    expect(run.engine.replicas(2)).toEqual([]);
  });

  it("a service flaps between the revisions after an abort", async () => {
    const { run } = await play({
      settings: { strategy: canary },
      events: [intent("abort", atWaypoint("canary 50 %"))],
    });
    const shares = rulesOf(run).map(canaryShare);
    expect(shares.slice(shares.indexOf(0)).filter((share) => share > 0)).toEqual([]);
    expect(loose(run)).toEqual([]);
  });

  it("weights move before capacity is there, on the way to and back", async () => {
    // The judge of every run refuses it; here the last canary replicas come minutes late.
    const { run } = await play({
      settings: { strategy: canary, replicas: 6, progressDeadlineSeconds: 900 },
      prepare: (engine) => engine.behave(2, { startMs: 200_000 }),
    });
    expect(run.app.stable).toBe(2);
    expect(rulesOf(run).map(canaryShare)).toContain(100);
  });

  it("stable is scaled down before the canary is complete", async () => {
    const { run } = await play({
      settings: { strategy: canary, replicas: 6, progressDeadlineSeconds: 900 },
      prepare: (engine) => engine.behave(2, { startMs: 100_000 }),
    });
    const shrunk = run.trace.findIndex((l) => (l.levels[1] ?? 0) < 6);
    expect(run.trace[shrunk]?.levels[2]).toBe(6);
    expect(run.trace[shrunk]?.available).toBeGreaterThanOrEqual(6);
  });

  it("an abort is ignored once the release was promoted", async () => {
    const { run } = await play({
      settings: { strategy: blueGreen },
      events: [
        intent("promote", atWaypoint("preview")),
        intent("abort", (s) => atWaypoint("switch") !== null && isAt(s.app, "switch")),
      ],
    });
    expect((await run.history()).at(-1)?.outcome).toBe("aborted");
    expect(run.app.stable).toBe(1);
  });

  it("the selector stays on new replicas that crash after the switch, and they are scaled to 0", async () => {
    const { run } = await play({
      settings: { strategy: blueGreen },
      events: [
        intent("skip", atWaypoint("preview")),
        world(
          (s) => isAt(s.app, "switch") && s.app.release?.reached !== null,
          (engine) => {
            engine.behave(2, { crashAfterMs: 50 });
            for (const _ of [1, 2, 3]) engine.kill(2);
          },
        ),
        intent("abort", (s) => s.engine.losses >= 3),
      ],
    });
    expect(run.app.stable).toBe(1);
    expect(loose(run)).toEqual([]);
  });

  it("after a failed promotion the fix is rolled back onto the broken version", async () => {
    const { run, engine } = await play({ prepare: (e) => e.behave(2, { neverReady: true }) });
    expect((await run.history()).at(-1)?.outcome).toBe("failed");
    const fix = await simulate({ app: begin(run.app, 3, engine.now()), engine, verdict: pass });
    expect(fix.app.stable).toBe(3);
    expect(engine.levels().get(2) ?? 0).toBe(0);
  });

  it("a person's rollback is not consulted while the canary flaps unready", async () => {
    const { run, generations } = await play({
      settings: { strategy: canary, progressDeadlineSeconds: 900 },
      prepare: (engine) => engine.behave(2, { flapMs: 3000 }),
      events: [intent("rollback", 40_000)],
    });
    expect((await run.history()).at(-1)?.outcome).toBe("rolledBack");
    expect(run.engine.elapsed).toBeLessThan(60_000);
    expect(run.app.route.generation).toBeGreaterThan(generations);
  });

  it("a second release during a run changes what the first one releases", async () => {
    const { run } = await play({
      settings: { strategy: canary },
      events: [
        {
          when: atWaypoint("canary 50 %"),
          act: (app, now) => requestRelease(app, releaseTo(3), { now, by: "bob", busy: "queue" }),
        },
      ],
    });
    const rows = (await run.history()).map((row) => [row.to, row.outcome]);
    expect(rows).toEqual([
      [2, "succeeded"],
      [3, "succeeded"],
    ]);
  });

  it("a controller that restarts in the middle of a promotion promotes twice", async () => {
    let deaths = 0;
    const { run } = await play({
      settings: { strategy: blueGreen },
      events: [intent("promote", atWaypoint("preview"))],
      mishap: (danger) => {
        const ends = danger === "after record" || danger === "before end" || danger === "after end";
        if (!ends || deaths >= 6) return null;
        deaths += 1;
        return "killed";
      },
    });
    expect(deaths).toBe(6);
    expect(await run.history()).toHaveLength(1);
    expect(rulesOf(run).filter((rule) => canaryShare(rule) === 100)).toHaveLength(1);
    expect(loose(run)).toEqual([]);
  });

  it("it is stuck when stable is the bad one", async () => {
    const { run } = await play({
      settings: { strategy: canary },
      prepare: (engine) => {
        engine.behave(1, { crashAfterMs: 100 });
        for (const _ of [1, 2, 3]) engine.kill(1);
      },
      events: [intent("promote --full", 30_000)],
    });
    expect(run.app.stable).toBe(2);
    expect(loose(run)).toEqual([]);
  });

  it("a release that its controller died over is resumed with the table that was given up", async () => {
    let killed = false;
    const { run } = await play({
      settings: { strategy: canary },
      mishap: (danger, { app }) => {
        const due = danger === "before mutation" && canaryShare(app.route.rule) === 5;
        if (killed || !due) return null;
        killed = true;
        return "killed";
      },
      events: [
        intent("abort", (s) => killed && s.controlled && canaryShare(s.app.route.rule) === 5),
      ],
    });
    expect((await run.history()).at(-1)?.outcome).toBe("aborted");
    const handedOver = run.engine.dataPlane.accepted.generation;
    expect(run.app.route.generation).toBe(handedOver);
    expect(run.engine.dataPlane.requests()[2] ?? 0).toBe(0);
  });

  it("history says succeeded of a release that was aborted after all", async () => {
    let killed = false;
    const { run } = await play({
      mishap: (danger) => {
        if (killed || danger !== "after record") return null;
        killed = true;
        return "killed";
      },
      events: [intent("abort", (s) => killed && s.controlled)],
    });
    expect(await run.history()).toMatchObject([{ to: 2, outcome: "aborted" }]);
    expect(run.app.stable).toBe(1);
  });

  it("no way back while nobody knows whether there is room", async () => {
    const { run } = await play({
      settings: { strategy: canary },
      events: [
        world(atWaypoint("canary 50 %"), (engine) => engine.hide("capacity", "no answer")),
        intent("abort", atWaypoint("canary 50 %")),
      ],
    });
    expect((await run.history()).at(-1)?.outcome).toBe("aborted");
    expect(loose(run)).toEqual([]);
  });

  it("scaled to nothing in the middle, and up again", async () => {
    const { run } = await play({
      settings: { strategy: canary },
      events: [
        { when: atWaypoint("canary 50 %"), act: (app) => scaled(app, 0) },
        { when: 900_000, act: (app) => scaled(app, 4) },
        intent("promote --full", 910_000),
      ],
    });
    expect(run.app.stable).toBe(2);
    expect(loose(run)).toEqual([]);
  });
});

function isAt(app: App, id: string): boolean {
  const { release } = app;
  return release?.direction === "forward" && release.plan[release.cursor]?.id === id;
}

function scaled(app: App, replicas: number): App {
  return { ...app, desired: { ...app.desired, replicas, owner: "command" } };
}
