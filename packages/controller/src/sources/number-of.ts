import type { Sample } from "@hitless/core";

const decimal = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/iu;

/** Text that is one finite number, in digits; null for anything else, `NaN` and `+Inf` included. */
export function numberOf(text: string): number | null {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

export function noData(reason: string): Extract<Sample, { kind: "noData" }> {
  return { kind: "noData", reason };
}
