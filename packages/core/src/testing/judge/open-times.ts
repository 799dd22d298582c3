import { type ReleaseWindow, weekdays } from "../../model/release-window.ts";
import { lawsOf } from "./zone-laws.ts";

const minuteMs = 60_000;
export const dayMs = 86_400_000;
/** What opened so many days ago is closed again; what opens at all does so within the latter. */
const daysBack = 3;
const daysAhead = 18;

/** The instants from `from` on and before `to`. */
interface OpenTime {
  readonly from: number;
  readonly to: number;
}

/** The instant, and the requests per second that come. */
export interface Moment {
  readonly now: number;
  readonly rate: number;
}

/** Whether releases may begin, as a table of instants has it and no clock of a zone. */
export function isOpen(windows: readonly ReleaseWindow[], at: Moment): boolean {
  if (windows.length === 0) return true;
  return windows.some(
    (window) => isTime(window, at.now) && (window.below === null || at.rate < window.below),
  );
}

/** When the next of them opens by the clock; null: one is open by it, and waits for less traffic. */
export function opensAfter(windows: readonly ReleaseWindow[], now: number): number | null {
  if (windows.some((window) => isTime(window, now))) return null;
  const starts = windows.flatMap((window) =>
    openTimes(window, now, daysAhead).map(({ from }) => from),
  );
  return Math.min(...starts.filter((start) => start > now));
}

function isTime(window: ReleaseWindow, now: number): boolean {
  return openTimes(window, now, 1).some(({ from, to }) => from <= now && now < to);
}

/** Of each law of its zone the times of each day that lie within it. */
function openTimes(
  { days, from, to, zone }: ReleaseWindow,
  around: number,
  ahead: number,
): readonly OpenTime[] {
  const lastsMs = (from < to ? to - from : to - from + 1440) * minuteMs;
  const today = Math.floor(around / dayMs);
  const times: OpenTime[] = [];
  for (const [index, { since, aheadMin }] of lawsOf(zone).entries()) {
    const until = lawsOf(zone)[index + 1]?.since ?? Number.POSITIVE_INFINITY;
    for (let day = today - daysBack; day <= today + ahead; day += 1) {
      if (!days.some((name) => name === weekdayOf(day))) continue;
      const opens = day * dayMs + (from - aheadMin) * minuteMs;
      const time = { from: Math.max(opens, since), to: Math.min(opens + lastsMs, until) };
      if (time.from < time.to) times.push(time);
    }
  }
  return times;
}

/** 5 January 1970 was a Monday. */
export function weekdayOf(day: number) {
  const afterMonday = (day - 4) % 7;
  return weekdays[afterMonday < 0 ? afterMonday + 7 : afterMonday];
}
