import { describe, expect, it } from "vitest";
import type { Hold } from "../model/waypoint.ts";
import {
  begin,
  intent,
  type Scenario,
  type SimEvent,
  settledApp,
  simulate,
} from "../testing/index.ts";

/** A canary release with one step at 50 % that holds for these. */
async function held(
  hold: readonly Hold[],
  rest: (start: number) => Partial<Scenario> = () => ({}),
) {
  const steps = [{ weight: 50, replicas: null, hold }];
  const { app, engine } = await settledApp({
    strategy: { kind: "canary", steps, sticky: null, bakeMs: 0 },
  });
  const start = engine.now();
  const run = await simulate({ app: begin(app, 2, start), engine, ...rest(start) });
  const routed = run.trace.filter((l) => l.decision.includes('"route"')).map((l) => l.at);
  return { run, start, stoodMs: (routed[1] ?? 0) - (routed[0] ?? 0) };
}

const nobody = { kind: "noData", reason: "nobody answers" } as const;

describe("a hold", () => {
  it("for a time opens after that time and not before", async () => {
    const { stoodMs, run } = await held([{ kind: "time", ms: 30_000 }]);
    expect(stoodMs).toBeGreaterThanOrEqual(30_000);
    expect(stoodMs).toBeLessThan(35_000);
    expect(run.app.stable).toBe(2);
    const whys = run.decisions
      .map(({ why }) => why)
      .filter(({ kind }) => kind === "waypointReached");
    expect(whys.slice(0, 2)).toEqual([
      { kind: "waypointReached", waypoint: "canary 50 %" },
      { kind: "waypointReached", waypoint: "canary 50 %", passed: true },
    ]);
  });

  it("for a time is longer by a pause", async () => {
    const { stoodMs } = await held([{ kind: "time", ms: 30_000 }], (start) => ({
      events: [intent("pause", start + 15_000), intent("resume", start + 75_000)],
    }));
    expect(stoodMs).toBeGreaterThanOrEqual(90_000);
  });

  it("for requests counts those of the new side since the waypoint was reached", async () => {
    const { stoodMs } = await held([{ kind: "requests", n: 500 }]);
    expect(stoodMs).toBeGreaterThanOrEqual(10_000);
    expect(stoodMs).toBeLessThan(13_000);
  });

  it("for requests stays closed while they cannot be read, and does not count from zero", async () => {
    const { app, engine } = await settledApp();
    const steps = [20, 50].map((weight) => ({
      weight,
      replicas: null,
      hold: [{ kind: "requests", n: 500 }] as const,
    }));
    const strategy = { kind: "canary", steps, sticky: null, bakeMs: 0 } as const;
    const hide: SimEvent = {
      when: (s) => s.app.release?.cursor === 1,
      act: (a) => {
        engine.hide("requests", "socket closed");
        return a;
      },
    };
    const reveal: SimEvent = {
      when: engine.now() + 120_000,
      act: (a) => {
        engine.reveal("requests");
        return a;
      },
    };
    const armed = { ...app, settings: { ...app.settings, strategy } };
    const start = engine.now();
    const run = await simulate({ app: begin(armed, 2, start), engine, events: [hide, reveal] });
    expect(run.app.stable).toBe(2);
    expect(run.whys).toContain("unobservable");
    const third = run.trace.filter((l) => l.decision.includes('"route"'))[2];
    expect((third?.at ?? 0) - start).toBeGreaterThanOrEqual(130_000);
  });

  it("for approval opens when a person promotes", async () => {
    const { stoodMs, run } = await held([{ kind: "approval" }], (start) => ({
      events: [intent("promote", start + 600_000)],
    }));
    expect(stoodMs).toBeGreaterThan(590_000);
    expect(run.app.stable).toBe(2);
  });

  it("opens when a person skips it, and only that one", async () => {
    const { run } = await held([{ kind: "approval" }], (start) => ({
      events: [intent("skip", start + 60_000)],
      until: (s) => s.app.release === null,
    }));
    expect(run.app.stable).toBe(2);
  });

  it("for an analysis waits for a verdict and takes none for a pass", async () => {
    const { run, stoodMs } = await held([{ kind: "analysis", ms: 10_000 }], (start) => ({
      measure: (_, now) => (now < start + 60_000 ? nobody : { kind: "value", value: 0 }),
    }));
    expect(run.whys).toContain("holdUndecided");
    const first = "errors: no data: nobody answers; 1 in a row, 3 make it an error";
    const said = run.decisions.flatMap(({ why }) => (why.kind === "held" ? [why.detail] : []));
    expect(said).toContainEqual(expect.stringMatching(new RegExp(`^\\d+ s left; ${first}$`, "u")));
    expect(stoodMs).toBeGreaterThan(55_000);
    expect(run.app.stable).toBe(2);
  });

  it("for an analysis takes no earlier measurement for one that is still under way", async () => {
    const { run, stoodMs } = await held([{ kind: "analysis", ms: 20_000 }], (start) => ({
      measure: (_, now) =>
        now > start + 10_000 && now < start + 60_000 ? null : { kind: "value", value: 0 },
    }));
    expect(stoodMs).toBeGreaterThan(55_000);
    expect(run.decisions.map(({ why }) => why)).toContainEqual(
      expect.objectContaining({ kind: "held", detail: "errors: a measurement is under way" }),
    );
    expect(run.app.stable).toBe(2);
  });

  it("that fails turns the release back with the reason", async () => {
    const { run } = await held([{ kind: "analysis", ms: 40_000 }], (start) => ({
      measure: (_, now) => ({ kind: "value", value: now < start + 20_000 ? 0 : 3 }),
    }));
    expect((await run.history()).at(-1)).toMatchObject({
      outcome: "failed",
      reason: { kind: "analysisFailed", waypoint: "canary 50 %", metric: "errors" },
    });
    expect(run.app.stable).toBe(1);
  });

  it("that fails turns the release back though the new side is not ready any more", async () => {
    const steps = [
      { weight: 50, replicas: null, hold: [{ kind: "analysis", ms: 40_000 }] },
    ] as const;
    const { app, engine } = await settledApp({
      strategy: { kind: "canary", steps, sticky: null, bakeMs: 0 },
    });
    const start = engine.now();
    const hang: SimEvent = {
      when: (s) => (s.app.release?.reached ?? null) !== null,
      act: (a) => {
        engine.stall(2, 600_000);
        return a;
      },
    };
    const run = await simulate({
      app: begin(app, 2, start),
      engine,
      events: [hang],
      measure: (_, now) => ({ kind: "value", value: now < start + 20_000 ? 0 : 3 }),
    });
    const { reason, endedAt } = (await run.history()).at(-1) ?? {};
    expect(reason).toMatchObject({ kind: "analysisFailed", metric: "errors" });
    expect(run.whys).toContain("starting");
    expect((endedAt ?? 0) - start).toBeLessThan(60_000);
  });

  it.each(["error", "inconclusive"] as const)("holds on for ever on %s", async (verdict) => {
    const { run } = await held([{ kind: "gate", name: "contract" }], (start) => ({
      verdict: () => ({ verdict, detail: "no answer" }),
      until: (s) => s.now() > start + 3_600_000,
      maxSteps: 10_000,
    }));
    expect(run.app.release).toMatchObject({ direction: "forward", cursor: 0 });
  });

  it("does not begin to count before the route is in force", async () => {
    const { app, engine } = await settledApp({
      strategy: {
        kind: "canary",
        steps: [{ weight: 10, replicas: null, hold: [{ kind: "time", ms: 5000 }] }],
        sticky: null,
        bakeMs: 0,
      },
    });
    const start = engine.now();
    const lag: SimEvent = {
      when: () => engine.replicas(2).some((r) => r.state === "ready"),
      world: () => engine.dataPlane.hold(),
    };
    const run = await simulate({
      app: begin(app, 2, start),
      engine,
      events: [lag],
      until: (s) => s.now() > start + 100_000,
    });
    expect(run.app.release?.reached).toBeNull();
    expect(run.app.release?.cursor).toBe(0);
    expect(run.decisions.at(-1)?.why).toMatchObject({ kind: "routeBarrier" });
  });
});
