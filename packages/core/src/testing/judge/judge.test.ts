import { describe, expect, it } from "vitest";
import { newMetricState } from "../../analysis/measured.ts";
import type { App } from "../../model/app.ts";
import type { Hook } from "../../model/hook.ts";
import type { Observed } from "../../model/observed.ts";
import type { Intent, Release, ReleaseRecord } from "../../model/release.ts";
import type { Waypoint } from "../../model/waypoint.ts";
import { newApp } from "../../reconciler/requests.ts";
import { waypoint } from "../../strategies/waypoint.ts";
import { begin, exampleHook, exampleMetric, exampleSettings } from "../examples.ts";
import { FakeEngine } from "../fake-engine.ts";
import { FakeOutside } from "../fake-outside.ts";
import { truthOf } from "../truth.ts";
import { AnalysisJudge } from "./judge-analysis.ts";
import { HookJudge } from "./judge-hooks.ts";
import { brokenBy } from "./judge-mutation.ts";
import { RecordJudge } from "./judge-record.ts";
import { crowd, overdue, warmBroken } from "./judge-warm.ts";
import { Passes } from "./leaving.ts";

const both = { stable: 1, canary: 1 };
const now = 1000;
const hook: Hook = exampleHook;
const key = "shop/1/step/warm-up";
const done = { outcome: "done", detail: "fine" } as const;
const held: Waypoint = waypoint("step", both, {
  hold: [{ kind: "analysis", ms: 0 }],
  metrics: [exampleMetric],
});

/** A release from revision 1 to 2 at the first of these waypoints. */
function at(plan: readonly Waypoint[], rest: Partial<Release> = {}): App & { release: Release } {
  const app = begin({ ...newApp("shop", exampleSettings), stable: 1, releases: 0 }, 2, 0);
  if (app.release === null) throw new TypeError("no release");
  return { ...app, release: { ...app.release, plan, reached: { at: 0, requests: 0 }, ...rest } };
}

function onward({ release }: { release: Release }, rest: Partial<Release> = {}): Release {
  return { ...release, cursor: release.cursor + 1, reached: null, ...rest };
}

function said(kind: Intent["kind"], rest: Partial<Intent> = {}): readonly Intent[] {
  const meantFor = { release: 1, direction: "forward", waypoint: "step" } as const;
  return [{ kind, by: "ann", at: 0, meantFor, ...rest }];
}

describe("the judge of what is kept warm sees", () => {
  const leaving = at([waypoint("switch", both, { keepWarmMs: 500 })]);
  const left = (kept: App["kept"]): App => ({ ...leaving, kept, release: onward(leaving) });
  const own = { revision: 1, warm: true, until: now + 500 };

  it("a side that is not kept, or not for as long as the plan says", () => {
    expect(warmBroken(leaving, left([own]), now)).toEqual([]);
    expect(warmBroken(leaving, left([]), now)).toHaveLength(1);
    expect(warmBroken(leaving, left([{ ...own, until: now }]), now)).toHaveLength(1);
  });

  it("a second side that is kept beside it", () => {
    const other = { revision: 7, warm: true, until: now + 1 };
    const before = { ...leaving, kept: [other] };
    expect(warmBroken(before, left([other, own]), now)).toHaveLength(1);
    expect(warmBroken(before, left([{ ...other, until: now }, own]), now)).toEqual([]);
  });

  it("steps that are left out on the way to who is not there", () => {
    const { release, ...rest } = at([waypoint("switch", both)]);
    const idle: App = { ...rest, release: null };
    const warm = { ...idle, kept: [{ revision: 2, warm: true, until: now + 1 }] };
    expect(warmBroken(idle, { ...idle, release }, now)).toHaveLength(1);
    expect(warmBroken(warm, { ...idle, release }, now)).toEqual([]);
    expect(warmBroken(warm, { ...idle, release }, now + 1)).toHaveLength(1);
  });

  it("who is dropped before their time, and who is kept past it", () => {
    const { release: _none, ...rest } = leaving;
    const idle: App = { ...rest, release: null };
    const kept = [{ revision: 7, warm: true, until: now + 1 }];
    expect(warmBroken({ ...idle, kept }, idle, now)).toHaveLength(1);
    expect(warmBroken({ ...idle, kept }, idle, now + 1)).toEqual([]);
    expect(overdue({ ...idle, kept }, now)).toEqual([]);
    expect(overdue({ ...idle, kept }, now + 1)).toHaveLength(1);
  });

  it("two sides that are warm at once", async () => {
    const engine = new FakeEngine();
    const signal = new AbortController().signal;
    const kept = [7, 8].map((revision) => ({ revision, warm: true, until: now }));
    await engine.apply({ kind: "scale", revision: 7, replicas: 1 }, signal);
    expect(crowd({ ...leaving, kept }, truthOf(engine, 0))).toEqual([]);
    await engine.apply({ kind: "scale", revision: 8, replicas: 1 }, signal);
    expect(crowd({ ...leaving, kept }, truthOf(engine, 0))).toHaveLength(1);
  });
});

describe("the judge of hooks sees", () => {
  const app = at([waypoint("step", both, { before: [hook] })]);
  const order = { kind: "hook", key, hook, release: 1, revision: 2 } as const;

  /** What is wrong when the waypoint is left after that. */
  function leaving(ended: ReadonlyMap<string, typeof done>, rest: Partial<Release>) {
    const passes = new Passes();
    const judge = new HookJudge(ended, passes);
    judge.onBegin(order, app, app);
    return judge.onSave(app.release, onward(app, rest));
  }

  it("a waypoint that is left before its hook has run to its end, unless a person skips it", () => {
    expect(leaving(new Map([[key, done]]), { effects: { [key]: done } })).toEqual([]);
    expect(leaving(new Map(), { effects: { [key]: done } })).toHaveLength(1);
    expect(leaving(new Map([[key, done]]), {})).toHaveLength(1);
    expect(leaving(new Map(), { intents: said("skip") })).toEqual([]);
  });

  it("a hook that failed and is passed", () => {
    const failed = { outcome: "failed", detail: "no" } as const;
    expect(leaving(new Map([[key, done]]), { effects: { [key]: failed } })).toHaveLength(1);
  });

  it("what is forgotten, run under another key, or run again when it is over", () => {
    const judge = new HookJudge(new Map(), new Passes());
    const known = { ...app, release: { ...app.release, effects: { [key]: done } } };
    expect(judge.onSave(known.release, app.release)).toHaveLength(1);
    expect(judge.onBegin(order, app, app)).toEqual([]);
    expect(judge.onBegin({ ...order, key: "another" }, app, app)).toHaveLength(1);
    expect(judge.onBegin(order, app, known)).toHaveLength(1);
  });
});

describe("the judge of analyses sees", () => {
  const app = at([held]);
  const need = { kind: "measurement", key: "1", metric: exampleMetric, revision: 2 } as const;

  function looked(...samples: readonly Observed["measurements"][string][]): AnalysisJudge {
    const judge = new AnalysisJudge(new Passes());
    const outside = new FakeOutside({}).view([], { now, wall: now });
    const blank: Observed = { ...new FakeEngine().view(), ...outside, lastLogLines: {} };
    for (const [nth, sample] of samples.entries()) {
      const seen = { ...blank, measurements: { [nth]: sample } };
      judge.onLook(app, [{ ...need, key: String(nth) }], { seen, now });
    }
    return judge;
  }

  const good = { kind: "value", value: 0 } as const;
  const bad = { kind: "value", value: 2 } as const;
  const none = { kind: "noData", reason: "nobody answers" } as const;

  it("a waypoint that is left while nothing good was measured last", () => {
    expect(looked(good).onSave(app.release, onward(app), 0)).toEqual([]);
    expect(looked().onSave(app.release, onward(app), 0)).toHaveLength(1);
    expect(looked(good, none).onSave(app.release, onward(app), 0)).toHaveLength(1);
    expect(looked(bad).onSave(app.release, onward(app), 0)).toHaveLength(1);
  });

  it("a promote that passes an analysis, which only a skip or a full one does", () => {
    const by = (intents: readonly Intent[]) =>
      looked(none).onSave(app.release, onward(app, { intents }), 0);
    expect(by(said("promote"))).toHaveLength(1);
    expect(by(said("promote", { full: true }))).toEqual([]);
    expect(by(said("skip"))).toEqual([]);
    const meantFor = { release: 1, direction: "forward", waypoint: "another" } as const;
    expect(by(said("skip", { meantFor }))).toHaveLength(1);
  });

  it("a time that is over while the metric cannot be read", () => {
    const timed = at([{ ...held, hold: [{ kind: "time", ms: 1 }] }]);
    const left = (judge: AnalysisJudge) => judge.onSave(timed.release, onward(timed), 0);
    expect(left(looked(none, none))).toEqual([]);
    expect(left(looked(none, none, none))).toHaveLength(1);
  });

  it("a canary that has not had its requests", () => {
    const source = { kind: "proxy", measure: { kind: "errors" } } as const;
    const counted = at([{ ...held, metrics: [{ ...exampleMetric, source }] }]);
    const judge = looked();
    judge.onSave(null, counted.release, 50);
    expect(judge.onSave(counted.release, onward(counted), 149)).toHaveLength(1);
    expect(judge.onSave(counted.release, onward(counted), 149)).toHaveLength(1);
  });

  it("a release that waits on with a metric that has failed", () => {
    const why = { kind: "held", waypoint: "step", hold: "analysis", detail: "" } as const;
    const decision = { kind: "wait", why, lookAgain: now } as const;
    expect(looked(good).onDecision(app, decision)).toEqual([]);
    expect(looked(bad).onDecision(app, decision)).toHaveLength(1);
  });
});

describe("the judge of the history sees", () => {
  const app = at([held]);
  const measured = { ...app.release, analysis: { errors: newMetricState(exampleMetric, 0) } };
  const reason = { kind: "aborted", by: "ann" } as const;
  const row: ReleaseRecord = {
    id: 1,
    kind: "release",
    cause: "test",
    from: 1,
    to: 2,
    outcome: "aborted",
    reason,
    startedAt: 0,
    endedAt: now,
  };
  const judged = [
    { waypoint: "step", metric: "errors", verdict: "failed", detail: "2", at: now },
  ] as const;

  it("a release that was turned back and lost its reason, or what was measured", () => {
    const turned = () => {
      const judge = new RecordJudge();
      judge.onSave(measured, { ...app.release, direction: "back", reason });
      return judge;
    };
    expect(turned().onRecord({ ...row, judged })).toEqual([]);
    expect(turned().onRecord(row)).toHaveLength(1);
    expect(turned().onRecord({ ...row, judged, reason: null })).toHaveLength(1);
  });

  it("a rollback to a revision that was rolled back from", () => {
    const judge = new RecordJudge();
    const idle: App = { ...app, release: null };
    judge.onRecord({
      ...row,
      kind: "rollback",
      outcome: "succeeded",
      from: 2,
      to: 1,
      reason: null,
    });
    expect(judge.onTarget(idle, 1)).toEqual([]);
    expect(judge.onTarget(idle, 2)).toHaveLength(1);
    judge.onRecord({ ...row, id: 2, outcome: "succeeded", reason: null });
    expect(judge.onTarget(idle, 2)).toEqual([]);
  });
});

describe("the judge of routes sees", () => {
  const truth = truthOf(new FakeEngine(), 0);
  const app = at([held]);
  const deed = { app, strategy: exampleSettings.strategy, now, before: truth, after: truth };
  const weights = [
    { revision: 1, weight: 100 },
    { revision: 2, weight: 0 },
  ];
  const rule = { kind: "byWeight", weights, sticky: null } as const;
  const before = { ...truth, availableOf: new Map([[1, 3]]) };

  it("an address of its own for anybody but the canary on its way forward", () => {
    const table = (revision: number) => ({ generation: 1, rule, preview: { port: 9, revision } });
    const broken = (on: App, revision: number) =>
      brokenBy({ kind: "route", table: table(revision) }, { ...deed, app: on, before });
    expect(broken(app, 2)).toEqual([]);
    expect(broken(app, 1)).toHaveLength(1);
    expect(broken({ ...app, release: { ...app.release, direction: "back" } }, 2)).toHaveLength(1);
    expect(broken({ ...app, release: null }, 2)).toHaveLength(1);
  });

  it("a side that can be chosen and has nobody", () => {
    const match = { kind: "header", name: "x-canary", value: "true" } as const;
    const table = { generation: 1, rule: { ...rule, first: [{ match, revision: 2 }] } };
    const broken = (availableOf: ReadonlyMap<number, number>) =>
      brokenBy({ kind: "route", table }, { ...deed, before: { ...truth, availableOf } });
    expect(broken(new Map([[1, 3]]))).toHaveLength(1);
    expect(
      broken(
        new Map([
          [1, 3],
          [2, 1],
        ]),
      ),
    ).toEqual([]);
  });
});
