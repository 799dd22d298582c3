import { type Metric, type RequestsNeeded, requestsNeeded } from "@hitless/core";
import type { Stand } from "./stands.ts";

/** What the verdict of a metric at a waypoint is expected to need. */
export interface ExpectedVerdict extends RequestsNeeded {
  readonly waypoint: string;
  readonly metric: string;
}

/** Of the metrics that count requests, where it is known how many the canary gets. `rate`: requests per second; null: unknown. */
export function verdictsOf(
  stands: readonly Stand[],
  rate: number | null,
): readonly ExpectedVerdict[] {
  return stands.flatMap((stand) =>
    (stand.waypoint.metrics ?? []).flatMap((metric) => verdictOf(metric, stand, rate)),
  );
}

function verdictOf(
  metric: Metric,
  { share, waypoint }: Stand,
  rate: number | null,
): readonly ExpectedVerdict[] {
  if (share === null || share === 0) return [];
  const needed = requestsNeeded(metric, { share, rate });
  return needed === null ? [] : [{ waypoint: waypoint.id, metric: metric.name, ...needed }];
}
