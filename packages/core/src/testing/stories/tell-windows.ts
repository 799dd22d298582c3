import type { Settings } from "../../model/app.ts";
import { type ReleaseWindow, weekdays } from "../../model/release-window.ts";
import { dayMs, weekdayOf } from "../judge/open-times.ts";
import { lawsOf, zoneLaws } from "../judge/zone-laws.ts";
import type { Random } from "./random.ts";
import type { Place } from "./story.ts";

const minuteMs = 60_000;
const dayMin = 1440;

/** A zone and a time of 2026, many of them around a jump of its clocks or around its midnight. */
export function placeOf(random: Random): Place {
  const zone = random.pick(Object.keys(zoneLaws));
  const near = random.whole(-25 * minuteMs, 25 * minuteMs);
  const jumps = lawsOf(zone).slice(1);
  if (jumps.length > 0 && random.chance(0.6)) {
    return { zone, startsAt: random.pick(jumps).since + near };
  }
  const day = Date.UTC(2026, 0, random.whole(1, 365));
  const shown = random.chance(0.3) ? near : random.whole(0, dayMs);
  return { zone, startsAt: day + shown - aheadMinAt({ zone, startsAt: day }) * minuteMs };
}

/** Settings with windows, mostly, where the story has a place for them. */
export function withWindows(random: Random, settings: Settings, place: Place | null): Settings {
  if (place === null || random.chance(0.1)) return settings;
  return { ...settings, windows: windowsOf(random, place) };
}

/** Most have an end or a beginning near the time of the story. */
function windowsOf(random: Random, place: Place): readonly ReleaseWindow[] {
  return random.several(random.pick([1, 1, 1, 2]), () => windowOf(random, place));
}

function windowOf(random: Random, place: Place): ReleaseWindow {
  const shown = place.startsAt + aheadMinAt(place) * minuteMs;
  const edge = Math.floor(shown / minuteMs) + random.whole(-8, 12);
  const lastsMin = random.pick([1, 2, 5, 10, 45, 60, 180, 480, dayMin - 1, dayMin]);
  const opens = random.chance(0.65) ? edge : edge - lastsMin;
  const day = Math.floor(opens / dayMin);
  const today = weekdayOf(random.chance(0.9) ? day : day + random.whole(1, 6));
  const days = weekdays.filter((name) => name === today || random.chance(0.3));
  const from = opens - day * dayMin;
  return {
    days,
    from,
    to: (from + lastsMin) % dayMin,
    zone: place.zone,
    below: random.chance(0.15) ? 50 : null,
  };
}

function aheadMinAt({ zone, startsAt }: Place): number {
  return lawsOf(zone).findLast(({ since }) => since <= startsAt)?.aheadMin ?? 0;
}
