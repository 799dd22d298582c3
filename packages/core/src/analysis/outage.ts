import type { Judge, Metric } from "../model/metric.ts";

/** The share of failing requests from which on there is nothing to weigh up any more. */
const outageShare = 0.5;

/**
 * The metric where stable gets no requests to compare with: whether more than half of the canary's
 * requests fail. Null when it cannot be told: a slow answer is one.
 */
export function alone(metric: Metric): Metric | null {
  if (metric.judge.kind === "threshold") return metric;
  return isErrorRate(metric) ? { ...metric, judge: outage } : null;
}

/**
 * The metric while the shares move, and replicas that have just started join: an outage is an outage
 * for them too. It has a thousandth of the chance of a false alarm, beside what the waypoint has.
 */
export function moving(metric: Metric): Metric | null {
  if (!isErrorRate(metric)) return null;
  const { judge, falseAlarms } = metric;
  const below = judge.kind === "threshold" ? Math.max(outageShare, judge.below ?? 1) : outageShare;
  return {
    ...metric,
    judge: { ...outage, below },
    falseAlarms: falseAlarms / 1000,
    initialDelayMs: 0,
    onNoData: "hold",
  };
}

const outage: Extract<Judge, { kind: "threshold" }> = {
  kind: "threshold",
  below: outageShare,
  above: null,
};

function isErrorRate({ source }: Metric): boolean {
  return source.kind === "proxy" && source.measure.kind === "errors";
}
