import { HitlessError } from "../errors.ts";
import type { App, PendingRelease, Settings } from "../model/app.ts";
import { defaultFront } from "../model/front.ts";
import type { Hook } from "../model/hook.ts";
import type { Metric } from "../model/metric.ts";
import type { IntentKind } from "../model/release.ts";
import type { Strategy } from "../model/strategy.ts";
import { applyIntent } from "../reconciler/intents.ts";
import { newestRelease } from "../reconciler/meant-for.ts";
import { newApp, requestRelease, requestRollback } from "../reconciler/requests.ts";
import { FakeEngine, type FakeEngineOptions } from "./fake-engine.ts";
import type { SimEvent } from "./scenario.ts";
import { type Simulation, simulate } from "./simulate.ts";

/** One number that somebody measures; good below 1. */
export const exampleMetric: Metric = {
  name: "errors",
  source: { kind: "command", command: "./errors.sh" },
  judge: { kind: "threshold", below: 1, above: null },
  intervalMs: 5000,
  initialDelayMs: 0,
  timeoutMs: 5000,
  errorLimit: 3,
  failureLimit: 0,
  onNoData: "hold",
  falseAlarms: 0.05,
  requests: { least: 100, most: 10_000 },
};

/** A hook that a controller runs by a command. */
export const exampleHook: Hook = {
  name: "warm-up",
  action: { kind: "command", command: "./warm-up.sh" },
  timeoutMs: 10_000,
  attempts: 1,
  onFail: "back",
};

/** Default settings for tests: three replicas, one by one, two minutes to make progress. */
export const exampleSettings: Settings = {
  replicas: 3,
  strategy: { kind: "rolling", maxSurge: 1, maxUnavailable: 0 },
  host: "127.0.0.1",
  port: 8080,
  progressDeadlineSeconds: 120,
  keepRevisions: 5,
  proxy: defaultFront,
  analysis: [exampleMetric],
};

/** Asks for a release of a revision; when it is accepted, it gets a number of its own. */
export function releaseTo(to: number, kind: PendingRelease["kind"] = "release"): PendingRelease {
  return { id: to, by: "test", to, kind, cause: `test of revision ${to}`, requestedAt: 0 };
}

/** An app on which revision 1 is stable and settled, with its engine. */
export async function settledApp(
  settings: Partial<Settings> = {},
  options: FakeEngineOptions = {},
): Promise<{ readonly app: App; readonly engine: FakeEngine }> {
  const engine = new FakeEngine(options);
  const fresh = newApp("shop", { ...exampleSettings, ...settings });
  const { app } = await simulate({ app: begin(fresh, 1, engine.now()), engine });
  return { app, engine };
}

/** The app with a release to this revision begun, or queued. */
export function begin(app: App, to: number, now: number): App {
  return requestRelease(app, releaseTo(to), { now, by: "test", busy: "queue" });
}

/** A person's intent when the time has come; one that is refused changes nothing. */
export function intent(kind: Spoken, when: SimEvent["when"]): SimEvent {
  return { when, act: (app, now) => orUnchanged(app, () => say(app, kind, now)) };
}

/** `promote --full` counts as a kind of its own here. */
export type Spoken = IntentKind | "promote --full";

/** Alice says it of the release as it stands now. */
export function say(app: App, spoken: Spoken, at: number): App {
  const meantFor = newestRelease(app, []);
  const kind = spoken === "promote --full" ? "promote" : spoken;
  const full = spoken === "promote --full" ? { full: true } : {};
  return applyIntent(app, { kind, by: "alice", at, meantFor, ...full });
}

/** Alice rolls back what she sees now. */
export function rollBack(app: App, to: number, now: number): App {
  const at = { now, by: "alice", meantFor: newestRelease(app, []), past: [] };
  return requestRollback(app, releaseTo(to, "rollback"), at);
}

/** Due when so many mutations have been decided. */
export function afterMutations(n: number): SimEvent["when"] {
  return (simulation) => simulation.mutations >= n;
}

/** Due when the release stands at, or moves towards, the waypoint of that id. */
export function atWaypoint(id: string): SimEvent["when"] {
  return ({ app }) => app.release?.plan[app.release.cursor]?.id === id;
}

/** The result of an act, or the app as it was when the act is refused. */
export function orUnchanged(app: App, act: () => App): App {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof HitlessError && thrown.exitCode === 6) return app;
    throw thrown;
  }
}

/** What is not as it must be once everything is over; empty when all is well. */
export function loose(simulation: Simulation): readonly string[] {
  const { app, engine } = simulation;
  const found: string[] = [];
  if (app.release !== null) found.push("a release is under way");
  if (app.pending !== null) found.push("a release is pending");
  for (const [revision, level] of engine.levels()) {
    const warm = app.kept.some((k) => k.warm && k.revision === revision);
    if (warm && revision !== app.stable) continue;
    const wanted = revision === app.stable ? app.desired.replicas : 0;
    if (level !== wanted) found.push(`revision ${revision} has level ${level}, not ${wanted}`);
  }
  const kept = new Set([app.stable, ...app.kept.filter((k) => k.warm).map((k) => k.revision)]);
  const strangers = engine.replicas().filter((r) => !kept.has(r.revision));
  found.push(...strangers.map((r) => `${r.id} is left over`));
  const { rule } = engine.dataPlane.inForce;
  const expected = JSON.stringify({ kind: "byReplica", revisions: [app.stable] });
  if (app.stable !== null && JSON.stringify(rule) !== expected) {
    found.push(`the route is ${JSON.stringify(rule)}`);
  }
  return found;
}

/** One strategy of each kind, with waits short enough to watch. */
export const exampleStrategies: Readonly<Record<Strategy["kind"], Strategy>> = {
  rolling: { kind: "rolling", maxSurge: 1, maxUnavailable: 0 },
  recreate: { kind: "recreate" },
  blueGreen: { kind: "blueGreen", checks: [{ kind: "approval" }], bakeMs: 60_000 },
  canary: {
    kind: "canary",
    steps: [
      { weight: 5, replicas: null, hold: [{ kind: "analysis", ms: 10_000 }] },
      { weight: 50, replicas: null, hold: [{ kind: "time", ms: 30_000 }] },
    ],
    sticky: null,
    bakeMs: 60_000,
  },
  abTest: {
    kind: "abTest",
    matches: [{ kind: "header", name: "x-variant", value: "b" }],
    until: [{ kind: "requests", n: 200 }],
    bakeMs: 10_000,
  },
};
