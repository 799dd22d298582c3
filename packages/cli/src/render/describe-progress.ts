import { describeWhy, type Why } from "@hitless/core";

/** A `Why` for lines that are printed once each: without the time left, which changes all the time. */
export function describeProgress(why: Why): string {
  return describeWhy(why.kind === "starting" ? { ...why, deadlineAt: null } : why, Date.now());
}
