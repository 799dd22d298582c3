import { mutantsOf } from "./mutant.ts";

const windows = "packages/core/src/windows";
const reconciler = "packages/core/src/reconciler";

/** Sabotages of when releases begin. */
export const beginningMutants = [
  ...mutantsOf(
    `${windows}/window-state.ts`,
    [
      "window-opens-a-minute-early",
      "a release begins before its window opens",
      "if (from < to) return opened(day) && minute >= from && minute < to;",
      "if (from < to) return opened(day) && minute >= from - 1 && minute < to;",
    ],
    [
      "window-closes-a-minute-late",
      "a release begins when its window has just closed",
      "if (from < to) return opened(day) && minute >= from && minute < to;",
      "if (from < to) return opened(day) && minute >= from && minute <= to;",
    ],
    [
      "window-ends-at-midnight",
      "a window over midnight is closed from midnight on",
      "return (opened(day) && minute >= from) || (opened(day - 1) && minute < to);",
      "return opened(day) && minute >= from;",
    ],
    [
      "window-of-the-day-after",
      "a window over midnight is open in the small hours of the day that is named",
      "(opened(day - 1) && minute < to)",
      "(opened(day) && minute < to)",
    ],
    [
      "window-below-ignored",
      "a release begins while many requests come",
      'return below === null || (rate.kind === "known" && rate.value < below);',
      'return below !== -1 || rate.kind === "known";',
    ],
    [
      "opening-of-before",
      "a release is said to begin when its window opened before",
      "if (last !== undefined && last.since <= now && now < last.opensAt) return last.opensAt;",
      "if (last !== undefined) return last.opensAt;",
    ],
  ),
  ...mutantsOf(
    `${windows}/zoned-clock.ts`,
    [
      "zone-ignored",
      "windows go by the clock of Greenwich",
      "timeZone: zone,\n      hourCycle",
      'timeZone: "UTC",\n      hourCycle',
    ],
    [
      "summer-time-ignored",
      "windows are an hour off in summer",
      "const shown = this.shownAt(instant);",
      "const shown = instant - (instant % minuteMs) + this.offsetAt(Date.UTC(2026, 0, 1));",
    ],
    [
      "opening-by-winter-time",
      "a release is said to begin an hour late across a jump of the clocks",
      "[shown - 3 * halfDayMs, shown + 3 * halfDayMs].map(",
      "[shown - 3 * halfDayMs].map(",
    ],
  ),
  ...mutantsOf(
    `${reconciler}/may-begin.ts`,
    [
      "freeze-ignored",
      "what waits begins while releases are frozen",
      'if (frozen !== null) return { kind: "frozen", release: pending.id, frozen };',
      "",
    ],
    [
      "restart-waits-for-a-window",
      "an app cannot be restarted outside its windows",
      'return kind === "release" && anytime !== true && stable !== null;',
      'return kind !== "rollback" && anytime !== true && stable !== null;',
    ],
  ),
  ...mutantsOf(
    `${reconciler}/requests.ts`,
    [
      "frozen-release-accepted",
      "a release is accepted while releases are frozen",
      'if (request.kind !== "rollback") refuseFrozen(before);',
      "",
    ],
    [
      "forgotten-at-its-opening",
      "what waited for its window is gone when that opens",
      'return { kind: "advance", app: begin(app, pending, at.now), why };',
      'return { kind: "advance", app: pending.anytime === undefined ? { ...app, pending: null } : begin(app, pending, at.now), why };',
    ],
    [
      "restart-takes-the-place",
      "what waits for its window is forgotten when somebody restarts the app",
      'return request.kind === "restart" ? { ...begun, pending: app.pending } : begun;',
      "return begun;",
    ],
  ),
  ...mutantsOf(`${reconciler}/freeze.ts`, [
    "freeze-without-an-end",
    "releases stay frozen after unfreeze",
    "return frozen === null ? app : { ...app, frozen: null };",
    "return app;",
  ]),
];
