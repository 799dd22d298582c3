import { z } from "zod";
import { type ReleaseWindow, weekdays } from "../model/release-window.ts";
import { ZonedClock } from "../windows/zoned-clock.ts";
import { must } from "./expectation.ts";
import { nearestKey } from "./nearest-key.ts";
import { section } from "./section.ts";

const dayRule = `one of ${weekdays.join(", ")}`;
const timeRule = "a time of day such as 02:00, in quotes or not, up to";
const zoneRule = "a time zone by its IANA name, such as Europe/Berlin or UTC";
const rateRule = must("requests per second, above 0, such as 50/s");
const windowRule = must("a mapping such as { from: 02:00, to: 05:00, zone: Europe/Berlin }");

const daysSchema = z
  .array(z.literal(weekdays, { error: (issue) => must(dayRule, dayHint(issue.input)) }), {
    error: must("a list of days, such as [mon, tue]"),
  })
  .min(1, { error: must("a list of at least one day; left out, it is every day") })
  .transform((days) => weekdays.filter((day) => days.includes(day)))
  .default([...weekdays]);

/** A window that opens at the end of a day opens on the next one, and that has to be named. */
const fromSchema = timeOfDay("23:59", /^(?:[01]?\d|2[0-3]):[0-5]\d$/u);
const toSchema = timeOfDay("24:00", /^(?:(?:[01]?\d|2[0-3]):[0-5]\d|24:00)$/u);

function timeOfDay(last: string, form: RegExp) {
  const error = must(`${timeRule} ${last}`);
  return z
    .string({ error })
    .regex(form, { error })
    .transform((text) => {
      const [hours = 0, minutes = 0] = text.split(":").map(Number);
      return (hours * 60 + minutes) % (24 * 60);
    });
}

const zoneSchema = z
  .string({ error: must(zoneRule) })
  .refine(isZone, { error: (issue) => must(zoneRule, zoneHint(String(issue.input))) });

const rateSchema = z
  .string({ error: rateRule })
  .regex(/^\d{1,9}(?:\.\d{1,3})?\/s$/u, { error: rateRule })
  .transform((text) => Number.parseFloat(text))
  .refine((rate) => rate > 0, { error: rateRule });

const windowSchema = section(
  {
    days: daysSchema,
    from: fromSchema.default(0),
    to: toSchema.default(0),
    zone: zoneSchema,
    below: rateSchema.nullish(),
  },
  windowRule,
).transform(({ below, ...rest }): ReleaseWindow => ({ ...rest, below: below ?? null }));

/** `windows`. */
export const windowsSchema = z
  .array(windowSchema, { error: must("a list of release windows") })
  .max(50, { error: must("a list of at most 50 release windows") });

/** Windows as the app file has them. */
export function writtenWindows(windows: readonly ReleaseWindow[]): readonly unknown[] {
  return windows.map(({ from, to, below, ...rest }) => ({
    ...rest,
    from: writtenTime(from),
    to: writtenTime(to),
    ...(below === null ? {} : { below: `${below}/s` }),
  }));
}

function writtenTime(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function dayHint(input: unknown): string | undefined {
  const short = String(input).slice(0, 3).toLowerCase();
  return weekdays.some((day) => day === short) ? `write ${short}` : undefined;
}

/** The platform takes some letters for names as well: `IST` would be Kolkata, and not Dublin. */
function isZone(zone: string): boolean {
  if (!/^[A-Z][A-Za-z_]+\/[-+\w/]+$|^UTC$/u.test(zone)) return false;
  try {
    ZonedClock.of(zone);
    return true;
  } catch {
    return false;
  }
}

function zoneHint(zone: string): string | undefined {
  const known = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  const city = (name: string) => name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  const wanted = city(zone.trim().replaceAll(" ", "_"));
  const near = nearestKey(zone, known) ?? known.find((name) => city(name) === wanted);
  return near === undefined ? undefined : `did you mean ${near}?`;
}
