import type { Metric } from "../model/metric.ts";

/** A metric of the data plane's counters: what is asked of them. */
export type CountedMetric = Metric & { readonly source: { readonly kind: "proxy" } };

export function isCounted(metric: Metric): metric is CountedMetric {
  return metric.source.kind === "proxy";
}

/** The share of the canary's requests that may be bad, whatever stable's are. */
export function allowedShare({ source, judge }: CountedMetric): number {
  if (source.measure.kind === "latency") return 1 - source.measure.quantile;
  return judge.kind === "comparison" ? 0 : Math.min(1, judge.below ?? 1);
}
