import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ReleaseWindow, weekdays } from "../model/release-window.ts";
import { windowState } from "./window-state.ts";

const window: ReleaseWindow = {
  days: ["tue"],
  from: 120,
  to: 300,
  zone: "Europe/Berlin",
  below: null,
};
const rate = (value: number) => ({ kind: "known", value, asOf: 0 }) as const;
const state = (given: Partial<ReleaseWindow>, now: string, requests = 0) =>
  windowState([{ ...window, ...given }], { now: Date.parse(now), rate: rate(requests) });
const opensAt = (given: Partial<ReleaseWindow>, now: string) => {
  const found = state(given, now);
  return found.open || found.opensAt === null ? null : new Date(found.opensAt).toISOString();
};

describe("windowState", () => {
  it("is open without windows", () => {
    expect(windowState([], { now: 0, rate: rate(1e9) })).toEqual({ open: true });
  });

  it.each([
    ["Europe/Berlin", "2026-11-24T01:00:00Z", "2026-11-24T04:00:00Z"],
    ["America/New_York", "2026-11-24T07:00:00Z", "2026-11-24T10:00:00Z"],
    ["Asia/Kathmandu", "2026-11-23T20:15:00Z", "2026-11-23T23:15:00Z"],
    ["Pacific/Kiritimati", "2026-11-23T12:00:00Z", "2026-11-23T15:00:00Z"],
    ["UTC", "2026-11-24T02:00:00Z", "2026-11-24T05:00:00Z"],
  ])("opens and closes to the minute in %s", (zone, opens, closes) => {
    const before = (instant: string) => new Date(Date.parse(instant) - 1).toISOString();

    expect(state({ zone }, before(opens)).open).toBe(false);
    expect(state({ zone }, opens).open).toBe(true);
    expect(state({ zone }, before(closes)).open).toBe(true);
    expect(state({ zone }, closes).open).toBe(false);
    expect(opensAt({ zone }, before(opens))).toBe(opens.replace("Z", ".000Z"));
  });

  it("says when it opens, by the clock of its zone", () => {
    expect(state({ zone: "Asia/Kathmandu" }, "2026-11-22T12:00:00Z")).toEqual({
      open: false,
      opensAt: Date.parse("2026-11-23T20:15:00Z"),
      detail: "opens Tue 24 Nov 02:00 Asia/Kathmandu",
    });
  });

  it("says so whatever was asked of it before", () => {
    const asked = ["2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z"];
    const opens = (now: string) => windowState([window], { now: Date.parse(now), rate: rate(0) });
    const first = { opensAt: Date.parse("2026-11-24T01:00:00Z") };
    const second = { opensAt: Date.parse("2026-12-01T01:00:00Z") };

    for (const [nth, now] of [...asked, ...asked].entries()) {
      expect(opens(now)).toMatchObject(nth % 3 === 2 ? second : first);
    }
    // A clock that was set back by more than a week.
    expect(opens("2026-11-14T12:00:00Z")).toHaveProperty(
      "opensAt",
      Date.parse("2026-11-17T01:00:00Z"),
    );
  });

  it("goes on over midnight, on the day after the one that is named", () => {
    const night = { days: ["fri"], from: 1320, to: 360, zone: "UTC" } as const;

    expect(state(night, "2026-11-27T21:59:00Z").open).toBe(false);
    expect(state(night, "2026-11-27T22:00:00Z").open).toBe(true);
    expect(state(night, "2026-11-28T05:59:00Z").open).toBe(true);
    expect(state(night, "2026-11-28T06:00:00Z").open).toBe(false);
    expect(state(night, "2026-11-27T05:00:00Z").open).toBe(false);
  });

  it("is open for a whole day from `from` when `to` is the same", () => {
    const day = { days: ["wed"], from: 0, to: 0, zone: "UTC" } as const;

    expect(state(day, "2026-11-25T00:00:00Z").open).toBe(true);
    expect(state(day, "2026-11-25T23:59:59Z").open).toBe(true);
    expect(state(day, "2026-11-26T00:00:00Z").open).toBe(false);
  });

  describe("where clocks skip an hour (Berlin, 29 March 2026, 02:00 → 03:00)", () => {
    const sunday = { days: ["sun"] } as const;

    it("begins at what clocks show after the jump when `from` is skipped", () => {
      expect(opensAt({ ...sunday, from: 150, to: 240 }, "2026-03-28T12:00:00Z")).toBe(
        "2026-03-29T01:00:00.000Z",
      );
    });

    it("does not open on that day when all of it is skipped", () => {
      expect(opensAt({ ...sunday, from: 130, to: 170 }, "2026-03-28T12:00:00Z")).toBe(
        "2026-04-05T00:10:00.000Z",
      );
    });
  });

  describe("where clocks repeat an hour (New York, 1 November 2026, 02:00 → 01:00)", () => {
    const sunday = { days: ["sun"], zone: "America/New_York" } as const;

    it("opens both times", () => {
      const twice = { ...sunday, from: 70, to: 100 };

      expect(opensAt(twice, "2026-11-01T04:00:00Z")).toBe("2026-11-01T05:10:00.000Z");
      expect(state(twice, "2026-11-01T05:39:00Z").open).toBe(true);
      expect(opensAt(twice, "2026-11-01T05:40:00Z")).toBe("2026-11-01T06:10:00.000Z");
      expect(opensAt(twice, "2026-11-01T06:40:00Z")).toBe("2026-11-08T06:10:00.000Z");
    });

    it("opens again at the jump when it had closed inside the hour", () => {
      expect(opensAt({ ...sunday, from: 0, to: 90 }, "2026-11-01T05:30:00Z")).toBe(
        "2026-11-01T06:00:00.000Z",
      );
    });
  });

  it("opens for less traffic only, and says how much comes", () => {
    const quiet = { below: 50 };
    const now = "2026-11-24T02:00:00Z";

    expect(state(quiet, now, 49.9).open).toBe(true);
    expect(state(quiet, now, 50)).toEqual({
      open: false,
      opensAt: null,
      detail: "opens below 50 requests/s, and 50 come",
    });
    const unread = { kind: "unknown", reason: "the proxy is away", since: 0 } as const;
    const unknown = windowState([{ ...window, ...quiet }], { now: Date.parse(now), rate: unread });
    expect(unknown).toMatchObject({ open: false, opensAt: null });
    expect(unknown).toHaveProperty(
      "detail",
      "opens below 50 requests/s, and how many come is not known: the proxy is away",
    );
  });

  it("is open when any window is, and names the one that opens first", () => {
    const windows = [window, { ...window, days: ["mon"] as const, zone: "UTC" }];
    const at = (now: string) => windowState(windows, { now: Date.parse(now), rate: rate(0) });

    expect(at("2026-11-23T03:00:00Z").open).toBe(true);
    expect(at("2026-11-22T03:00:00Z")).toHaveProperty("detail", "opens Mon 23 Nov 02:00 UTC");
  });

  it("finds the next opening that looking at every five minutes finds", () => {
    const step = 5 * 60_000;
    const zones = ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];
    // Around the jumps of these zones in 2026, and far from them.
    const starts = [
      "2026-03-07",
      "2026-03-27",
      "2026-04-03",
      "2026-07-01",
      "2026-10-02",
      "2026-10-30",
    ];
    const minutes = fc.integer({ min: 0, max: 287 }).map((n) => n * 5);
    fc.assert(
      fc.property(
        fc.record({
          days: fc.subarray([...weekdays], { minLength: 1, maxLength: 3 }),
          from: minutes,
          to: minutes,
          zone: fc.constantFrom(...zones),
          start: fc.constantFrom(...starts),
          steps: fc.integer({ min: 0, max: 3 * 288 }),
        }),
        ({ start, steps, ...given }) => {
          const now = Date.parse(start) + steps * step;
          const found = windowState([{ ...given, below: null }], { now, rate: rate(0) });
          let first = now;
          while (!shownInside(given, first)) first += step;
          expect(found.open).toBe(first === now);
          if (!found.open) expect(found.opensAt).toBe(first);
        },
      ),
      { numRuns: 40 },
    );
  });
});

/** By the text that another locale writes. */
function shownInside(given: Omit<ReleaseWindow, "below">, instant: number): boolean {
  const { days, from, to, zone } = given;
  const text = clockOf(zone).format(instant);
  const [, day = "", hour = "", minute = ""] = /^(\w+),? (\d\d):(\d\d)$/.exec(text) ?? [];
  const shown = Number(hour) * 60 + Number(minute);
  const names: readonly string[] = weekdays;
  const today = names.indexOf(day.toLowerCase());
  const on = (n: number) => days.some((name) => name === weekdays[(n + 7) % 7]);
  if (from < to) return on(today) && from <= shown && shown < to;
  return (on(today) && shown >= from) || (on(today - 1) && shown < to);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const made =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat("en-GB", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
    });
  clocks.set(timeZone, made);
  return made;
}
