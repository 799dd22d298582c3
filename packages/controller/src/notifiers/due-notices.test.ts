import type { App, Release, ReleaseRecord, Why } from "@hitless/core";
import { newApp, requestRelease } from "@hitless/core";
import { exampleHook, exampleSettings, releaseTo } from "@hitless/core/testing";
import { expect, it } from "vitest";
import { dueNotices, nothingTold, type Situation, type Told, toldWith } from "./due-notices.ts";

const now = 1_700_000_000_000;
const steady: Why = { kind: "steady", revision: 1, available: 2, desired: 2 };
const fresh = newApp("shop", exampleSettings);
const none: Told = { origin: "o", ended: 0, told: [] };

/** Release 1 of the app under way, changed. */
function appWith(changes: Partial<Release> = {}): App {
  const app = started();
  return app.release === null ? app : { ...app, release: { ...app.release, ...changes } };
}

function started(): App {
  const app = requestRelease(fresh, releaseTo(2), { now, by: "alice", busy: "queue" });
  if (app.release === null) throw new Error("nothing began");
  return app;
}

function situation(changes: Partial<Situation> = {}): Situation {
  return { app: fresh, past: [], why: steady, whySince: now, now, ...changes };
}

function row(changes: Partial<ReleaseRecord> = {}): ReleaseRecord {
  return {
    ...{ id: 1, kind: "release", cause: "test", from: 1, to: 2, outcome: "succeeded" },
    ...{ reason: null, startedAt: now, endedAt: now + 9 },
    ...changes,
  };
}

function idsOf(at: Situation, told: Told = none): readonly string[] {
  return dueNotices(at, told).map(({ id }) => id);
}

/** Where the release of these tests stands. */
const waypoint = appWith().release?.plan[0]?.id ?? "";
const held = (hold: string): Why => ({ kind: "held", waypoint, hold, detail: "?" });
const undecided = (hold: string): Why => ({ kind: "holdUndecided", waypoint, hold, detail: "?" });

it("tells that a release began, that it goes back and why, and how it ended", () => {
  const aborted = { kind: "aborted", by: "alice" } as const;
  const crashed = { kind: "holdFailed", hold: "warm", detail: "exit 3" } as const;
  expect(idsOf(situation({ app: appWith() }))).toEqual(["o/1/started"]);
  const back = appWith({ direction: "back", reason: aborted, from: 1 });
  expect(dueNotices(situation({ app: back }), none)).toMatchObject([
    { id: "o/1/started", kind: "started", app: "shop", release: 1, revision: 2, at: now },
    { id: "o/1/turnedBack", text: "release 1 goes back to revision 1: aborted by alice" },
  ]);
  expect(dueNotices(situation({ past: [row()] }), none)).toMatchObject([
    { id: "o/1/started" },
    { id: "o/1/succeeded", text: "release 1 succeeded: revision 2 serves", at: now + 9 },
  ]);
  const failed = row({ outcome: "failed", reason: crashed });
  expect(dueNotices(situation({ past: [failed] }), none)).toMatchObject([
    { id: "o/1/started" },
    { id: "o/1/turnedBack" },
    {
      id: "o/1/failed",
      text: "release 1 failed and went back: warm failed: exit 3; revision 1 serves",
    },
  ]);
  const ended = row({ outcome: "aborted", reason: aborted });
  expect(dueNotices(situation({ past: [ended] }), none)).toMatchObject([
    { id: "o/1/started" },
    { id: "o/1/turnedBack" },
    {
      ...{ id: "o/1/wentBack", kind: "wentBack" },
      text: "release 1 aborted and went back: aborted by alice; revision 1 serves",
    },
  ]);
});

it("tells nothing twice, whoever looks again, and forgets nothing that a killed controller saw", () => {
  const at = situation({ app: appWith() });
  const told = toldWith(none, dueNotices(at, none), at);
  expect(idsOf(at, told)).toEqual([]);
  const reason = { kind: "aborted", by: "alice" } as const;
  const back = situation({ app: appWith({ direction: "back", reason }) });
  const toldBack = toldWith(told, dueNotices(back, told), back);
  const over = situation({ past: [row({ outcome: "failed", reason })] });
  // Killed before it could save that it went back, and after.
  expect(idsOf(over, told)).toEqual(["o/1/turnedBack", "o/1/failed"]);
  expect(idsOf(over, toldBack)).toEqual(["o/1/failed"]);
  const all = toldWith(toldBack, dueNotices(over, toldBack), over);
  expect(all).toEqual({ origin: "o", ended: 1, told: [] });
  expect(idsOf(over, all)).toEqual([]);
});

it("does not believe the row of a release that goes on", () => {
  const past = [row({ outcome: "failed" })];
  expect(idsOf(situation({ app: appWith(), past }))).toEqual(["o/1/started"]);
});

it("begins with what comes next", () => {
  const past = [row(), row({ id: 2 })];
  const told = nothingTold("o", situation({ past }));
  expect(idsOf(situation({ past }), told)).toEqual([]);
  expect(idsOf(situation({ past: [...past, row({ id: 3 })] }), told)).toHaveLength(2);
});

it("tells once for each waypoint that a release waits for a person", () => {
  const at = situation({ app: appWith(), why: held("approval") });
  expect(idsOf(at)).toEqual(["o/1/started", `o/1/waiting/${waypoint}`]);
  expect(idsOf(situation({ app: appWith(), why: held("time"), now: now + 999_999 }))).toEqual([
    "o/1/started",
  ]);
  const retried = [
    {
      kind: "retry",
      by: "a",
      at: now,
      meantFor: { release: 1, direction: "back", waypoint: null },
    },
  ] as const;
  expect(idsOf({ ...at, app: appWith({ intents: retried }) })[1]).toBe(`o/1/waiting/${waypoint}/2`);
});

it("waits for a person where a hook failed that must not turn the release back", () => {
  const effects = { [`shop/1/${waypoint}/warm`]: { outcome: "failed", detail: "exit 3" } } as const;
  const hook = { ...exampleHook, name: "warm", onFail: "hold" } as const;
  const plan = (appWith().release?.plan ?? []).map((one) => ({ ...one, before: [hook] }));
  const at = situation({ app: appWith({ effects, plan }), why: undecided("warm") });
  expect(dueNotices(at, none)[1]).toMatchObject({ kind: "waiting" });
  // The reason is still the one of before.
  for (const said of [{ waived: "waypoint" }, { direction: "back" }] as const) {
    const app = appWith({ effects, plan, ...said });
    expect(idsOf({ ...at, app }).filter((id) => id.includes("waiting"))).toEqual([]);
  }
});

const running = { key: "k", waypoint, hook: "gate", since: now, timeoutMs: 60_000 };
const hookRunning: Why = { kind: "hookRunning", ...running };

it.each<readonly [string, Why, number]>([
  ["a part that cannot be read", { kind: "unobservable", what: "x", reason: "?", since: now }, 60],
  ["a metric without data", undecided("errors"), 60],
  ["a hook that does not end", hookRunning, 60],
])("tells that %s holds a release, after a minute", (_, why, seconds) => {
  const after = (ms: number) => idsOf(situation({ app: appWith(), why, now: now + ms }));
  expect(after(seconds * 1000 - 1)).toEqual(["o/1/started"]);
  expect(after(seconds * 1000)[1]).toMatch(/^o\/1\/held\//u);
  expect(idsOf(situation({ why, now: now + 999_999 }))).toEqual([]);
});

it("gives a load its time before it is missing", () => {
  const load = { rate: 1, forMs: 300_000, path: "/", lostAtMost: 0, p95BelowMs: null };
  const action = { kind: "load", ...load } as const;
  const hook = { name: "gate", action, timeoutMs: 1, attempts: 1, onFail: "back" } as const;
  const mutation = { kind: "hook", key: "k", hook, release: 1, revision: 2 } as const;
  const app = { ...appWith(), ordered: { mutation, token: 0, since: now } };
  const why = hookRunning;
  expect(idsOf(situation({ app, why, now: now + 359_999 }))).toHaveLength(1);
  expect(idsOf(situation({ app, why, now: now + 360_000 }))).toHaveLength(2);
});

it("believes no reason that is of another waypoint", () => {
  const why: Why = { kind: "held", waypoint: "elsewhere", hold: "approval", detail: "?" };
  expect(idsOf(situation({ app: appWith(), why }))).toEqual(["o/1/started"]);
});

it("tells no more than can be kept of one release", () => {
  const told = { ...none, told: Array.from({ length: 500 }, (_, n) => `o/1/held/${n}`) };
  const at = situation({ app: appWith(), why: held("approval") });
  expect(idsOf(at, told)).toEqual(["o/1/started"]);
});
