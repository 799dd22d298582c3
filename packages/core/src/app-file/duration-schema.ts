import { z } from "zod";
import { parseDuration } from "./duration.ts";
import { must } from "./expectation.ts";

/** The shortest and the longest, as they are written: `1s`, `1h`. */
export interface DurationBounds {
  readonly least: string;
  readonly most: string;
}

/** A time with its unit, such as `60s`, as milliseconds. */
export function duration({ least, most }: DurationBounds) {
  const error = must(`a time from ${least} to ${most} with its unit, such as ${least}`);
  const [min, max] = [parseDuration(least) ?? 0, parseDuration(most) ?? 0];
  return z.string({ error }).transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== null && ms >= min && ms <= max) return ms;
    context.issues.push({ code: "custom", message: error, input: text });
    return z.NEVER;
  });
}
