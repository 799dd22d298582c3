import { z } from "zod";
import { parseDuration } from "./duration.ts";
import { must } from "./expectation.ts";

/** The shortest and the longest, as they are written: `1s`, `1h`. */
export interface DurationBounds {
  readonly least: string;
  readonly most: string;
}

/**
 * A time with its unit, such as `60s`, as milliseconds. A number without a unit is refused with the
 * seconds to write; `instead` is said of what is neither text nor a number.
 */
export function duration({ least, most }: DurationBounds, instead?: string) {
  const be = `a time from ${least} to ${most} with its unit, such as ${least}`;
  const [min, max] = [parseDuration(least) ?? 0, parseDuration(most) ?? 0];
  const within = (text: string): number | null => {
    const ms = parseDuration(text);
    return ms !== null && ms >= min && ms <= max ? ms : null;
  };
  const error = (value: unknown): string => {
    if (typeof value !== "string" && typeof value !== "number") return must(be, instead);
    const seconds = `${value}s`;
    return must(be, within(seconds) === null ? undefined : `write ${seconds}`);
  };
  return z.string({ error: ({ input }) => error(input) }).transform((text, context) => {
    const ms = within(text);
    if (ms !== null) return ms;
    context.issues.push({ code: "custom", message: error(text), input: text });
    return z.NEVER;
  });
}
