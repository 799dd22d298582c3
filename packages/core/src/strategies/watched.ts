import { alone } from "../analysis/outage.ts";
import type { Metric } from "../model/metric.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { hasEverything } from "./waypoint.ts";

/**
 * Puts the metrics of the app file at every waypoint that holds while the canary gets requests. The
 * chance of a false alarm that was declared for the whole release is shared out evenly over all that
 * may give one (Bonferroni), so that a plan with more steps alarms no more often.
 */
export function watched(
  plan: readonly Waypoint[],
  metrics: readonly Metric[],
): readonly Waypoint[] {
  const at = plan.map((w) => (isWatched(w) ? metricsAt(w, metrics) : []));
  const alarms = at.flat().filter((m) => m.source.kind === "proxy").length;
  return plan.map((waypoint, i) => {
    const own = at[i] ?? [];
    if (own.length === 0) return waypoint;
    const shared = own.map((m) => ({ ...m, falseAlarms: m.falseAlarms / Math.max(1, alarms) }));
    return { ...waypoint, metrics: shared };
  });
}

/** Whether there is time to watch, and the canary gets requests. */
function isWatched({ hold, route, replicas: { canary } }: Waypoint): boolean {
  if (hold.length === 0) return false;
  if (route.kind === "byWeight") return route.canary > 0 || route.override !== undefined;
  return route.kind === "byMatch" || !(canary.kind === "share" && canary.of === 0);
}

/** There is nothing to compare with where stable gets no requests. */
function metricsAt(waypoint: Waypoint, metrics: readonly Metric[]): readonly Metric[] {
  return hasEverything(waypoint) ? metrics.flatMap((metric) => alone(metric) ?? []) : metrics;
}
