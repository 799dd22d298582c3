import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { IntentKind } from "../model/release.ts";
import type { Strategy } from "../model/strategy.ts";
import {
  type Behaviour,
  begin,
  exampleStrategies,
  type FakeEngine,
  intent,
  type Kill,
  loose,
  orUnchanged,
  releaseTo,
  rollBack,
  type SimEvent,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { requestRelease, setReplicas } from "./requests.ts";

type Act =
  | { readonly kind: "intent"; readonly intent: IntentKind }
  | { readonly kind: "scale"; readonly to: number }
  | { readonly kind: "release"; readonly busy: "queue" | "replace" | "reject" }
  | { readonly kind: "rollbackTo"; readonly to: number }
  | { readonly kind: "kill"; readonly revision: number }
  | { readonly kind: "stall"; readonly revision: number; readonly forMs: number }
  | { readonly kind: "holdRoute"; readonly forMs: number }
  | { readonly kind: "hide"; readonly forMs: number }
  | { readonly kind: "freeze"; readonly forMs: number };

const amount = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 100 }).map((n) => `${n}%` as const),
);

const strategy: fc.Arbitrary<Strategy> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("rolling" as const),
      maxSurge: amount,
      maxUnavailable: amount,
    }),
  },
  { weight: 3, arbitrary: fc.constantFrom(...Object.values(exampleStrategies)) },
);

const behaviour: fc.Arbitrary<Partial<Behaviour>> = fc.record({
  startMs: fc.integer({ min: 1, max: 20_000 }),
  drainMs: fc.integer({ min: 0, max: 40_000 }),
  unrouteMs: fc.integer({ min: 0, max: 3000 }),
});

const bad: fc.Arbitrary<Partial<Behaviour>> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ neverReady: true }) },
  { weight: 1, arbitrary: fc.record({ crashAfterMs: fc.integer({ min: 1, max: 30_000 }) }) },
);

const intents: fc.Arbitrary<IntentKind> = fc.constantFrom(
  "promote",
  "pause",
  "resume",
  "abort",
  "retry",
  "skip",
  "rollback",
);

const ms = fc.integer({ min: 1, max: 20_000 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("intent" as const), intent: intents }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("scale" as const),
      to: fc.integer({ min: 1, max: 8 }),
    }),
  },
  fc.record({
    kind: fc.constant("release" as const),
    busy: fc.constantFrom("queue", "replace", "reject"),
  }),
  fc.record({ kind: fc.constant("rollbackTo" as const), to: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("kill" as const), revision: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: fc.constant("stall" as const),
    revision: fc.integer({ min: 1, max: 3 }),
    forMs: ms,
  }),
  fc.record({ kind: fc.constant("holdRoute" as const), forMs: ms }),
  fc.record({ kind: fc.constant("hide" as const), forMs: ms }),
  fc.record({ kind: fc.constant("freeze" as const), forMs: ms }),
);

const happening = fc.record({ after: fc.integer({ min: 0, max: 90_000 }), act });
const kills = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 30 }), fc.constantFrom<Kill>("beforeApply", "beforeToken")),
  { maxLength: 4 },
);

const scenario = fc.record({
  replicas: fc.integer({ min: 1, max: 8 }),
  strategy,
  behaviour,
  bad,
  kills,
  acts: fc.array(happening, { maxLength: 6 }),
  minReadyMs: fc.constantFrom(0, 0, 2000),
  routeMs: fc.integer({ min: 0, max: 2000 }),
  jitterMs: fc.constantFrom(0, 500, 5000),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
});
type Case = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function eventOf(happening: Case["acts"][number], engine: FakeEngine): readonly SimEvent[] {
  const { act } = happening;
  const at = engine.now() + happening.after;
  const when = at;
  switch (act.kind) {
    case "intent":
      return [intent(act.intent, when)];
    case "scale":
      return [{ when, act: (app) => setReplicas(app, act.to) }];
    case "release":
      return [
        {
          when,
          act: (app, now) =>
            orUnchanged(app, () =>
              requestRelease(app, releaseTo(3), { now, by: "bob", busy: act.busy }),
            ),
        },
      ];
    case "rollbackTo":
      return [
        {
          when,
          act: (app, now) => orUnchanged(app, () => rollBack(app, act.to, now)),
        },
      ];
    default:
      return faultOf(act, at, engine);
  }
}

type Fault = Exclude<Act, { kind: "intent" | "scale" | "release" | "rollbackTo" }>;

function faultOf(act: Fault, at: number, engine: FakeEngine): readonly SimEvent[] {
  const happen = (when: number, begins: boolean): SimEvent => ({
    when,
    act: (app) => {
      disturb(engine, act, begins);
      return app;
    },
  });
  if (!("forMs" in act) || act.kind === "stall") return [happen(at, true)];
  return [happen(at, true), happen(at + act.forMs, false)];
}

function disturb(engine: FakeEngine, act: Fault, begins: boolean): void {
  switch (act.kind) {
    case "kill":
      engine.kill(act.revision);
      return;
    case "stall":
      engine.stall(act.revision, act.forMs);
      return;
    case "holdRoute":
      if (begins) engine.dataPlane.hold();
      else engine.dataPlane.letGo(engine.now());
      return;
    case "hide":
      if (begins) engine.hide("replicas", "socket closed");
      else engine.reveal("replicas");
      return;
    case "freeze":
      if (begins) engine.freeze();
      else engine.thaw();
      return;
  }
}

async function play(c: Case) {
  const { app, engine } = await settledApp(
    { replicas: c.replicas, strategy: c.strategy },
    { behaviour: c.behaviour, routeMs: c.routeMs, jitterMs: c.jitterMs, seed: c.seed },
  );
  engine.behave(2, c.bad);
  const startsAt = engine.now();
  const onwards: SimEvent[] = [1, 2, 3, 4].flatMap((n) => [
    intent("resume", startsAt + 100_000 * n),
    intent("promote", startsAt + 100_000 * n + 50_000),
  ]);
  // A stable revision that crashes for ever is never steady: in the end the world mends.
  const mend: SimEvent = {
    when: startsAt + 300_000,
    act: (app) => {
      engine.behave(2, { neverReady: false, crashAfterMs: null });
      return app;
    },
  };
  const kills = new Map(c.kills);
  return simulate({
    app: begin(app, 2, startsAt),
    engine,
    minReadyMs: c.minReadyMs,
    events: [...c.acts.flatMap((h) => eventOf(h, engine)), ...onwards, mend],
    verdict: () => ({ verdict: "successful", detail: "fine" }),
    kill: (n) => kills.get(n) ?? null,
    maxSteps: 5000,
  });
}

describe("next", () => {
  it("breaks no invariant and comes to rest with exact levels, whatever happens when", async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (c) => {
        const run = await play(c);
        expect(loose(run)).toEqual([]);
        const last = (await run.history()).at(-1);
        expect(run.app.stable).toBe(last?.outcome === "succeeded" ? last.to : last?.from);
      }),
      { numRuns: 600, endOnFailure: true },
    );
  }, 60_000);
});
