import type { Metric } from "@hitless/core";

/** Between two looks, as by default. */
export const lookSeconds = 1;

const usual = {
  intervalMs: lookSeconds * 1_000,
  initialDelayMs: 0,
  timeoutMs: 10_000,
  errorLimit: 4,
  failureLimit: 0,
  onNoData: "hold",
  requests: { least: 200, most: 20_000 },
} as const;

/** The metrics of the benchmark, with the defaults of the app file, each with its part of 5 %. */
export function watchedBy(parts: number) {
  const falseAlarms = 0.05 / parts;
  const source = (measure: "errors" | "latency") =>
    measure === "errors"
      ? ({ kind: "proxy", measure: { kind: "errors" } } as const)
      : ({ kind: "proxy", measure: { kind: "latency", quantile: 0.95 } } as const);
  const errors: Metric = {
    ...usual,
    name: "error-rate",
    source: source("errors"),
    judge: { kind: "comparison", effect: errorEffect },
    falseAlarms,
  };
  const latency: Metric = {
    ...usual,
    name: "latency-p95",
    source: source("latency"),
    judge: { kind: "comparison", effect: latencyEffect },
    falseAlarms,
  };
  const errorsBelow: Metric = {
    ...usual,
    name: "error-rate below",
    source: source("errors"),
    judge: { kind: "threshold", below: 0.01, above: null },
    falseAlarms,
  };
  return { errors, latency, errorsBelow };
}

export const errorEffect = 0.002;
export const latencyEffect = 1.2;
