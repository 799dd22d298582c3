import type { Metric } from "../model/metric.ts";
import type { Strategy } from "../model/strategy.ts";
import { analysisSchema } from "./analysis-schema.ts";

/** Without a word of the file the new side is compared with the old one. */
const usualMetrics: readonly Metric[] = analysisSchema.parse([
  { metric: "error-rate", compare: "stable", initialDelay: "5s" },
  { metric: "latency-p95", compare: "stable", initialDelay: "5s" },
]);

/** What is watched when the app file declares no `analysis`: where both sides get requests, the comparison. */
export function usualAnalysis(strategy: Strategy): readonly Metric[] {
  switch (strategy.kind) {
    case "canary":
    case "abTest":
      return usualMetrics;
    default:
      return [];
  }
}
