import { describe, expect, it } from "vitest";
import type { App } from "../../model/app.ts";
import type { Decision } from "../../model/decision.ts";
import type { ReleaseWindow } from "../../model/release-window.ts";
import { newApp } from "../../reconciler/requests.ts";
import { begin, exampleSettings, releaseTo } from "../examples.ts";
import { acceptedFrozen, BeginJudge, displaced, heeded, unbound, unheard } from "./judge-begin.ts";
import { isOpen, opensAfter } from "./open-times.ts";
import { lawsOf, zoneLaws } from "./zone-laws.ts";

/** Saturdays from 22:00 to 03:30 in Berlin; the clocks jump over 02:00 on Sunday 29 March. */
const night: ReleaseWindow = {
  days: ["sat"],
  from: 1320,
  to: 210,
  zone: "Europe/Berlin",
  below: null,
};
const opensAt = Date.UTC(2026, 2, 28, 21);
const closesAt = Date.UTC(2026, 2, 29, 1, 30);
const settings = { ...exampleSettings, windows: [night] };
const idle: App = { ...newApp("shop", settings), stable: 1, served: [1], releases: 1 };
const waiting: App = { ...idle, pending: releaseTo(2), releases: 2 };
const begun: App = begin({ ...newApp("shop", exampleSettings), stable: 1, releases: 1 }, 2, 0);
const under: App = { ...begun, settings };
const frozen = { reason: "the sale", since: 0 };

function judgeAt(now: number): BeginJudge {
  return new BeginJudge(() => ({ now, rate: 100 }));
}

function closed(now: number, opens: number | null = opensAt): Decision {
  const why = { kind: "windowClosed", release: 2, opensAt: opens, detail: "later" } as const;
  return { kind: "wait", why, lookAgain: now + 1000 };
}

describe("the table of open times", () => {
  it.each(Object.keys(zoneLaws))("has what clocks of %s show in 2026", (zone) => {
    const clock = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "short",
    });
    for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 6 * 3_600_000) {
      for (const near of [at, ...lawsOf(zone).map(({ since }) => since - 1)]) {
        if (near === Number.NEGATIVE_INFINITY) continue;
        const ahead = lawsOf(zone).findLast(({ since }) => since <= near)?.aheadMin ?? 0;
        const shown = new Date(near + ahead * 60_000).toISOString().slice(0, 16).replace("T", " ");
        expect(clock.format(near)).toBe(shown);
      }
    }
  });

  it("opens and closes to the instant, over midnight and a jump", () => {
    const open = (now: number, below: number | null = null) =>
      isOpen([{ ...night, below }], { now, rate: 100 });
    expect([opensAt - 1, opensAt, closesAt - 1, closesAt].map((now) => open(now))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(open(opensAt, 100)).toBe(false);
    expect(open(opensAt, 101)).toBe(true);
    expect(isOpen([], { now: 0, rate: 1e9 })).toBe(true);
    expect(opensAfter([night], closesAt)).toBe(Date.UTC(2026, 3, 4, 20));
    expect(opensAfter([night], opensAt)).toBeNull();
  });
});

describe("the judge of when releases begin sees", () => {
  it("one that begins outside its windows, or while frozen", () => {
    expect(judgeAt(opensAt).onSave(waiting, under)).toEqual([]);
    expect(judgeAt(opensAt - 1).onSave(waiting, under)).toHaveLength(1);
    expect(judgeAt(closesAt).onSave(null, under)).toHaveLength(1);
    const still = { ...under, frozen };
    expect(judgeAt(opensAt).onSave({ ...waiting, frozen }, still)).toHaveLength(1);
    expect(judgeAt(opensAt - 1).onSave(still, { ...still, ended: 1 })).toEqual([]);
  });

  it("whom nobody has let begin at any time", () => {
    const judge = judgeAt(0);
    judge.onAnytime(waiting);
    expect(judge.onSave(waiting, under)).toEqual([]);
    expect(judge.onSave(waiting, { ...under, frozen })).not.toEqual([]);
  });

  it("one that waits although it may begin, or for what is not so", () => {
    expect(judgeAt(0).onDecision(waiting, closed(0, Date.UTC(1970, 0, 3, 21)))).toEqual([]);
    expect(judgeAt(opensAt - 1).onDecision(waiting, closed(0))).toEqual([]);
    expect(judgeAt(opensAt - 1).onDecision(waiting, closed(0, opensAt + 1))).toHaveLength(1);
    expect(judgeAt(opensAt).onDecision(waiting, closed(0))).toHaveLength(1);
    const back: App = { ...waiting, pending: releaseTo(2, "rollback") };
    expect(judgeAt(0).onDecision(back, closed(0))).toHaveLength(1);
    expect(judgeAt(opensAt - 1).onDecision({ ...waiting, frozen }, closed(0))).toHaveLength(1);
  });

  it("one under way that is held up, and steady while one waits", () => {
    expect(judgeAt(0).onDecision(under, closed(0))).toHaveLength(1);
    const why = { kind: "steady", revision: 1, available: 3, desired: 3 } as const;
    expect(judgeAt(0).onDecision(waiting, { kind: "steady", why })).toHaveLength(1);
    expect(judgeAt(0).onDecision(idle, { kind: "steady", why })).toEqual([]);
  });

  it("one that waited and is forgotten", () => {
    const why = { kind: "pendingStarted", to: 2 } as const;
    const at = judgeAt(opensAt);
    expect(at.onDecision(waiting, { kind: "advance", app: under, why })).toEqual([]);
    expect(at.onDecision(waiting, { kind: "advance", app: idle, why })).toHaveLength(1);
    expect(displaced(waiting, { ...under, pending: null })).toHaveLength(1);
    expect(displaced(waiting, { ...under, pending: waiting.pending })).toEqual([]);
  });

  it("a freeze that nobody has said, or that is not heard", () => {
    const why = { kind: "finished", outcome: "succeeded", to: 2 } as const;
    const advance = (app: App): Decision => ({ kind: "advance", app, why });
    expect(judgeAt(0).onDecision(under, advance({ ...idle, frozen }))).toHaveLength(1);
    expect(judgeAt(0).onDecision({ ...under, frozen }, advance(idle))).toHaveLength(1);
    expect(judgeAt(0).onDecision({ ...under, frozen }, advance({ ...idle, frozen }))).toEqual([]);
    expect(unheard("freeze", idle)).toHaveLength(1);
    expect(unheard("freeze", { ...idle, frozen })).toEqual([]);
    expect(unheard("unfreeze", { ...idle, frozen })).toHaveLength(1);
  });

  it("what is accepted while frozen, and what heeds it and must not", () => {
    expect(acceptedFrozen({ ...idle, frozen }, { ...waiting, frozen })).toHaveLength(1);
    expect(acceptedFrozen(idle, waiting)).toEqual([]);
    const app = { ...idle, frozen };
    const heeds = (each: App) => (each.frozen === null ? begin(each, 2, 0) : each);
    expect(heeded(app, unbound(app, true), heeds)).toHaveLength(1);
    expect(heeded(app, unbound(app, false), heeds)).toEqual([]);
    expect(heeded(idle, unbound(idle, true), (each) => begin(each, 2, 0))).toHaveLength(1);
  });
});
