import { z } from "zod";
import { parseDuration } from "./duration.ts";
import { must } from "./expectation.ts";

const secondsInADay = 86_400;

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number) {
  const error = must(`a whole number from ${min} to ${max}`);
  return bounded({ min, max, error: () => error });
}

/** Whole seconds from `min` to a day; durations such as `30s` are refused with the number to write. */
export function wholeSeconds(min: number) {
  const be = `a whole number of seconds from ${min} to ${secondsInADay}`;
  return bounded({ min, max: secondsInADay, error: (value) => must(be, secondsHint(value)) });
}

/** A port that a process can listen on. */
export function portNumber() {
  return wholeNumber(1, 65_535);
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly error: (value: unknown) => string;
}

function bounded({ min, max, error }: Bounds) {
  const params = { error: (issue: { readonly input?: unknown }) => error(issue.input) };
  return z.number(params).int(params).min(min, params).max(max, params);
}

function secondsHint(value: unknown): string | undefined {
  const ms = typeof value === "string" ? parseDuration(value) : null;
  if (ms === null || ms % 1000 !== 0) return undefined;
  return `write ${ms / 1000}`;
}
