import { describe, expect, it } from "vitest";
import type { App, Settings } from "../model/app.ts";
import { withSchemaPhases } from "../strategies/compile.ts";
import {
  atWaypoint,
  begin,
  exampleHook,
  exampleSettings,
  exampleStrategies,
  FakeEngine,
  intent,
  loose,
  rollBack,
  type Scenario,
  type Simulation,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { extendDeadlines, takeUp } from "./progress.ts";
import { newApp, setReplicas } from "./requests.ts";

const blueGreen = {
  kind: "blueGreen",
  checks: [{ kind: "approval" }],
  bakeMs: 60_000,
} as const;
const failsFrom = 60_000;

/** Its replicas are never all there for long. */
function flap(engine: FakeEngine): void {
  engine.behave(2, { flapMs: 2000 });
  engine.kill(2);
}

function pastTheLast({ app: { release } }: Simulation): boolean {
  return release?.direction === "forward" && release.cursor === release.plan.length;
}

const pass = () => ({ verdict: "successful", detail: "fine" }) as const;

function migrated(app: App): App {
  if (app.release === null) throw new TypeError("no release");
  return {
    ...app,
    release: { ...app.release, plan: withSchemaPhases(app.release.plan, 5000) },
  };
}

async function play(settings: Partial<Settings>, rest: Partial<Scenario>, shape = (a: App) => a) {
  const { app, engine } = await settledApp(settings);
  const released = shape(begin(app, 2, engine.now()));
  return simulate({ app: released, engine, verdict: pass, ...rest });
}

/** Runs that random stories met first; each is the shortest form of one that broke a rule. */
describe("found by stories", () => {
  it("a first release aborted before contract leaves nobody behind", async () => {
    const engine = new FakeEngine();
    const app = migrated(begin(newApp("shop", exampleSettings), 1, 0));
    const events = [intent("abort", atWaypoint("contract"))];
    const run = await simulate({ app, engine, events, verdict: pass });
    expect((await run.history()).at(-1)?.outcome).toBe("stuck");
    expect(engine.replicas()).toEqual([]);
  });

  it("recreate aborted before contract goes back", async () => {
    const events = [intent("abort", atWaypoint("contract"))];
    const run = await play({ strategy: exampleStrategies.recreate }, { events }, migrated);
    expect(run.app.stable).toBe(1);
    expect(loose(run)).toEqual([]);
  });

  it("a canary step with more replicas than the app has goes on", async () => {
    const steps = [{ weight: 10, replicas: { kind: "fixed", n: 5 }, hold: [] }] as const;
    const strategy = { kind: "canary", steps, sticky: null, bakeMs: 0 } as const;
    const run = await play({ strategy, replicas: 1 }, {});
    expect(run.app.stable).toBe(2);
  });

  it("what is kept warm takes no room from a release, and goes when its time is over", async () => {
    const { app, engine } = await settledApp();
    const signal = new AbortController().signal;
    await engine.apply({ kind: "scale", revision: 7, replicas: 3 }, signal);
    engine.runTo(engine.now() + 5000);
    const kept = [{ revision: 7, warm: true, until: engine.now() + 60_000 }];
    const during = await simulate({ app: begin({ ...app, kept }, 2, engine.now()), engine });
    expect(during.app.stable).toBe(2);
    expect(engine.levels().get(7)).toBe(3);
    engine.runTo(engine.now() + 60_000);
    const after = await simulate({ app: during.app, engine });
    expect(after.whys).toContain("keptExpired");
    expect(engine.levels().get(7)).toBe(0);
  });

  it("scaled to nothing keeps somebody for a table that is still in force", async () => {
    let killed = false;
    const run = await play(
      { strategy: exampleStrategies.blueGreen },
      {
        events: [
          intent("promote", atWaypoint("preview")),
          {
            when: ({ app }) => app.release?.cursor === app.release?.plan.length,
            act: (app) => setReplicas(app, 0),
          },
        ],
        mishap: (danger, { app }) => {
          const last = app.release?.cursor === app.release?.plan.length;
          if (killed || !last || danger !== "before mutation") return null;
          killed = true;
          return "killed";
        },
      },
    );
    expect(killed).toBe(true);
    expect(run.engine.replicas()).toEqual([]);
  });

  it("a table that was never handed over needs its capacity when it is", async () => {
    let killed = false;
    const run = await play(
      { strategy: exampleStrategies.blueGreen, replicas: 1 },
      {
        events: [
          intent("skip", atWaypoint("preview")),
          { when: () => killed, act: (app) => setReplicas(app, 6) },
        ],
        mishap: (danger, { app }) => {
          const { rule } = app.route;
          const full =
            rule.kind === "byWeight" &&
            rule.weights.some((w) => w.revision === 2 && w.weight === 100);
          if (killed || danger !== "before mutation" || !full) return null;
          killed = true;
          return "killed";
        },
      },
    );
    expect(killed).toBe(true);
    expect(run.app.stable).toBe(2);
    expect(loose(run)).toEqual([]);
  });

  it("the time for which a revision is kept moves with a clock that jumps", async () => {
    const { app } = await settledApp();
    const kept = [{ revision: 7, warm: true, until: 50_000 }];
    expect(extendDeadlines({ ...app, kept }, -20_000).kept[0]?.until).toBe(30_000);
    // Set back while nobody was there to see it, a clock that went on for a while first.
    expect(takeUp({ ...app, kept }, 40_000, 15_000).kept[0]?.until).toBe(25_000);
    expect(takeUp({ ...app, kept }, 40_000, 45_000).kept[0]?.until).toBe(50_000);
    expect(takeUp({ ...app, kept }, null, 15_000).kept[0]?.until).toBe(50_000);
  });

  it("an absence is accounted for once, however many controllers die in taking the app up", async () => {
    const { app } = await settledApp();
    const kept = [{ revision: 7, warm: true, until: 50_000 }];
    const first = takeUp({ ...app, kept }, 40_000, 15_000);
    const second = takeUp(first, 40_000, 16_000);
    expect(second.kept).toEqual(first.kept);
    // The clock is set back again, and the third one has the same last sign of life to go by.
    expect(takeUp(second, 40_000, 12_000).kept[0]?.until).toBe(21_000);
    // A sign of life after it begins another absence.
    expect(takeUp(second, 17_000, 12_000).kept[0]?.until).toBe(20_000);
  });

  it("a token that an engine restored from a backup never reaches keeps no successor waiting", async () => {
    const { app, engine } = await settledApp();
    const mutation = { kind: "scale", revision: 1, replicas: 3 } as const;
    const ahead = { ...app, ordered: { mutation, token: 1e6, since: 0 } };
    const { whys } = await simulate({ app: takeUp(ahead, 0, engine.now()), engine });
    expect(whys).not.toContain("stale");
    expect(whys).toContain("steady");
  });

  it("a side that serves again after its time warm has begun may shrink", async () => {
    const run = await play(
      { strategy: { ...blueGreen, keepWarmMs: 600_000 } },
      {
        events: [
          intent("skip", atWaypoint("preview")),
          intent("abort", pastTheLast),
          {
            when: ({ app }) => app.release?.direction === "back",
            act: (app) => setReplicas(app, 2),
          },
        ],
      },
    );
    expect((await run.history()).at(-1)?.outcome).toBe("aborted");
    expect(run.app.kept).toEqual([]);
    expect(run.engine.levels().get(1)).toBe(2);
  });

  it("a contract waits until nobody is kept warm, and takes nothing from them meanwhile", async () => {
    const strategy = { ...blueGreen, keepWarmMs: 60_000 };
    const run = await play(
      { strategy },
      { events: [intent("skip", atWaypoint("preview"))] },
      migrated,
    );
    const waits = run.decisions.filter(({ why }) => why.kind === "held" && why.hold === "contract");
    expect(waits.length).toBeGreaterThan(0);
    expect(run.whys).toContain("keptExpired");
    expect(run.app.stable).toBe(2);
    expect(loose(run)).toEqual([]);
  });

  it("a rollback to a side whose time warm is over goes through the steps", async () => {
    const { app, engine } = await settledApp({ strategy: exampleStrategies.canary });
    const kept = (until: number) => [{ revision: 7, warm: true, until }];
    const now = engine.now();
    const back = (until: number) =>
      rollBack({ ...app, kept: kept(until) }, 7, now).release?.plan.map(({ id }) => id);
    expect(back(now + 1)).toEqual(["switch", "retire"]);
    expect(back(now)).toEqual(["canary 5 %", "canary 50 %", "bake", "retire"]);
  });

  it("a metric that has failed turns back a release that misses a replica", async () => {
    const began = 1_000;
    const run = await play(
      { strategy: { ...blueGreen, bakeMs: 600_000 } },
      {
        measure: (_, now) => ({ kind: "value", value: now < failsFrom ? 0 : 2 }),
        events: [
          intent("skip", atWaypoint("preview")),
          { when: failsFrom - began, world: ({ engine }) => flap(engine) },
        ],
      },
    );
    const [row] = (await run.history()).slice(-1);
    expect(row).toMatchObject({ outcome: "failed", reason: { kind: "analysisFailed" } });
    expect((row?.endedAt ?? 0) - failsFrom).toBeLessThan(30_000);
  });

  it("whoever has the port of a preview holds up the release, and no way back", async () => {
    const strategy = { ...blueGreen, preview: 9000, checks: [{ kind: "time", ms: 1000 }] } as const;
    const taken = { when: 0, world: ({ engine }: Simulation) => engine.takePort(9000, "nginx") };
    const shut = ({ why }: Simulation["decisions"][number]) =>
      why.kind === "routeBarrier" && why.lagging.join() === "preview: port 9000 is held by nginx";
    const abort = intent("abort", ({ engine }) => engine.elapsed >= 60_000);
    const run = await play({ strategy }, { events: [taken, abort] });
    expect(run.decisions.filter(shut).length).toBeGreaterThan(40);
    expect(run.whys).not.toContain("held");
    const [row] = (await run.history()).slice(-1);
    expect(row).toMatchObject({ outcome: "aborted" });
    expect((row?.endedAt ?? 0) - (row?.startedAt ?? 0)).toBeLessThan(70_000);
    const freed = { when: 60_000, world: ({ engine }: Simulation) => engine.freePort(9000) };
    expect((await play({ strategy }, { events: [taken, freed] })).app.stable).toBe(2);
  });

  it("a retry that was no news lets no hook run again under another key", async () => {
    const keys = new Set<string>();
    const before = [{ ...exampleHook, attempts: 6 }];
    const run = await play(
      { strategy: { ...blueGreen, before } },
      {
        hookMs: () => 60_000,
        hook: (key) => {
          keys.add(key);
          return "done";
        },
        events: [
          intent("abort", atWaypoint("preview")),
          intent("retry", ({ app }) => app.release?.direction === "back"),
          intent("retry", ({ whys, app }) => whys.has("hookRunning") && app.release !== null),
          intent("skip", ({ whys }) => whys.has("hookOver")),
        ],
      },
    );
    expect(run.app.stable).toBe(2);
    expect([...keys]).toEqual(["shop/2/checks/warm-up/2"]);
  });

  it("an instant rollback that is aborted leaves nobody short while it goes back", async () => {
    const { app, engine } = await settledApp({ strategy: blueGreen, replicas: 4 });
    const signal = new AbortController().signal;
    await engine.apply({ kind: "scale", revision: 7, replicas: 4 }, signal);
    engine.runTo(engine.now() + 5000);
    const kept = [{ revision: 7, warm: true, until: engine.now() + 60_000 }];
    const grown = setReplicas({ ...app, kept }, 6);
    const back = rollBack(grown, 7, engine.now());
    expect(back.release?.plan.map(({ id }) => id)).toEqual(["switch", "retire"]);
    const run = await simulate({ app: back, engine, events: [intent("abort", engine.now())] });
    expect((await run.history()).at(-1)?.outcome).toBe("aborted");
    expect(loose(run)).toEqual([]);
  });
});
