import type { Known } from "../model/observed.ts";
import { type ReleaseWindow, weekdays } from "../model/release-window.ts";
import { ZonedClock } from "./zoned-clock.ts";

const dayMs = 86_400_000;
/** Every window opens within this: on its day of the week, or the week after where that clock skips its time. */
const searchDays = 16;

/** Whether a release may begin now, and if not, when by the clock alone. */
export type WindowState =
  | { readonly open: true }
  | {
      readonly open: false;
      /** Ms since the epoch; null: it is time already and there is too much traffic, or not within two weeks. */
      readonly opensAt: number | null;
      /** What is waited for, as the rest of a sentence. */
      readonly detail: string;
    };

/** The instant that is asked about, and the requests per second that the app gets. */
export interface WindowClock {
  readonly now: number;
  readonly rate: Known<number>;
}

/**
 * Whether any of the windows is open; without windows it always is. A window is open while the clocks
 * of its zone show a time in it: an hour that they repeat counts both times, one that they skip never.
 */
export function windowState(windows: readonly ReleaseWindow[], at: WindowClock): WindowState {
  if (windows.length === 0) return { open: true };
  const timely = windows.filter((window) => isTimely(window, at.now));
  if (timely.some((window) => isQuiet(window, at.rate))) return { open: true };
  const [busy] = timely;
  if (busy !== undefined) return { open: false, opensAt: null, detail: busyDetail(busy, at.rate) };
  const openings = windows.map((window) => ({
    opensAt: nextOpening(window, at.now),
    zone: window.zone,
  }));
  const [next] = openings.sort((a, b) => a.opensAt - b.opensAt);
  if (next === undefined || next.opensAt === Number.POSITIVE_INFINITY) {
    return { open: false, opensAt: null, detail: "opens in no time to come" };
  }
  const { opensAt, zone } = next;
  return { open: false, opensAt, detail: `opens ${ZonedClock.of(zone).describe(opensAt)} ${zone}` };
}

/** Whether what the windows say depends on the requests that come. */
export function needsRate(windows: readonly ReleaseWindow[]): boolean {
  return windows.some((window) => window.below !== null);
}

function isTimely({ days, from, to, zone }: ReleaseWindow, now: number): boolean {
  const { day, minute } = ZonedClock.of(zone).at(now);
  const opened = (on: number) => days.some((name) => name === weekdayOf(on));
  if (from < to) return opened(day) && minute >= from && minute < to;
  return (opened(day) && minute >= from) || (opened(day - 1) && minute < to);
}

function isQuiet({ below }: ReleaseWindow, rate: Known<number>): boolean {
  return below === null || (rate.kind === "known" && rate.value < below);
}

function busyDetail({ below }: ReleaseWindow, rate: Known<number>): string {
  const wanted = `opens below ${below ?? 0} requests/s`;
  if (rate.kind === "unknown") return `${wanted}, and how many come is not known: ${rate.reason}`;
  return `${wanted}, and ${Math.ceil(rate.value * 10) / 10} come`;
}

/** What was found last: who waits asks again every second, for days. */
const found = new WeakMap<ReleaseWindow, { readonly since: number; readonly opensAt: number }>();

/** When it opens next, as it is closed now; Infinity: not within two weeks. */
function nextOpening(window: ReleaseWindow, now: number): number {
  const last = found.get(window);
  if (last !== undefined && last.since <= now && now < last.opensAt) return last.opensAt;
  const opensAt = Math.min(...opensAfter(window, now));
  // Never is a matter of how far it looks.
  if (opensAt < Number.POSITIVE_INFINITY) found.set(window, { since: now, opensAt });
  return opensAt;
}

/** Instants to come at which it is time, the first one among them; `now` is outside. */
function opensAfter(window: ReleaseWindow, now: number): readonly number[] {
  const clock = ZonedClock.of(window.zone);
  const today = clock.at(now).day;
  const starts = Array.from({ length: searchDays }, (_, n) => today + n)
    .filter((day) => window.days.some((name) => name === weekdayOf(day)))
    .flatMap((day) => clock.instantsOf({ day, minute: window.from }));
  const jumps = clock.jumpsBetween(now, now + searchDays * dayMs);
  return [...starts, ...jumps].filter((t) => t > now && isTimely(window, t));
}

/** Day 0 was a Thursday. */
function weekdayOf(day: number) {
  return weekdays[(((day + 3) % 7) + 7) % 7];
}
