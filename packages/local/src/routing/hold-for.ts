import { type Maintenance, type RouteRule, routedRevisions } from "@hitless/core";
import type { ProxyTable } from "@hitless/proxy";
import type { ReplicaRecord } from "../replicas/replica-record.ts";

/** While what served is started again, ms. */
const restartMs = 2_000;
/** While those that are to serve start for the first time, ms. */
const firstStartMs = 10_000;

/**
 * How long requests wait while no replica can take them: shortly for one that ends and is started again,
 * longer where nobody who is to serve has served yet, which is a gap that was ordered and has an end. Where
 * nothing is released, or all is being stopped (`staying` null), they do not wait.
 */
export function holdFor(
  rule: RouteRule,
  staying: readonly Pick<ReplicaRecord, "revision" | "start" | "served">[] | null,
  maintenance: Maintenance | null,
): Pick<ProxyTable, "holdMs" | "maintenance"> {
  if (staying === null) return {};
  if (maintenance !== null) {
    return { holdMs: maintenance.holdMs, maintenance: maintenance.message };
  }
  const routed = routedRevisions(rule);
  if (routed.length === 0) return {};
  const wanted = staying.filter((one) => routed.includes(one.revision));
  const nobodyServed = wanted.every((one) => one.start <= 1 && !one.served);
  return { holdMs: nobodyServed ? firstStartMs : restartMs };
}
