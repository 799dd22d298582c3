import type { Hook } from "../model/hook.ts";
import type { Release } from "../model/release.ts";
import type { RouteRule } from "../model/route.ts";
import type { RouteIntent } from "../model/route-intent.ts";
import type { Pace, Waypoint } from "../model/waypoint.ts";
import { beside, noneToKeep, waypoint } from "./waypoint.ts";

/**
 * The way back from a waypoint, for any strategy: give the old side its full size and all
 * requests, then take the new side away. It waits for nothing of what it leaves. Where the way
 * forward never let both sides run at once, neither does the way back. `inForce` is the rule that
 * requests go by: a side that they were kept away from gets none because it has replicas. The hooks
 * of a failure come last: nothing on the way back waits for them.
 */
export function wayBack(
  release: Pick<Release, "plan" | "cursor" | "from">,
  {
    inForce,
    onFailure = [],
  }: { readonly inForce: RouteRule; readonly onFailure?: readonly Hook[] },
): readonly Waypoint[] {
  const { plan, cursor, from } = release;
  const at = plan[Math.min(cursor, plan.length - 1)];
  if (at === undefined) return [];
  // Where nobody served before, nobody is cared for on the way back either.
  const pace = from === null ? noneToKeep : paceBack(plan, at);
  const byReplica = at.route.kind === "byReplica" && inForce.kind === "byReplica";
  const route: RouteIntent = byReplica
    ? { kind: "byReplica" }
    : { kind: "byWeight", canary: 0, sticky: null };
  const back = waypoint("back", { stable: 1, canary: 0 }, { pace, route });
  const apart = plan.some((w) => w.leavers === "stopped" && w.schema === null);
  const told = onFailure.length === 0 ? [] : [{ ...back, id: "told", before: onFailure }];
  if (!apart) return [back, ...told];
  const leave: Waypoint = {
    ...waypoint("leave", { stable: 0, canary: 0 }, { pace, route, leavers: "stopped" }),
    replicas: { stable: { kind: "keep" }, canary: { kind: "share", of: 0 } },
  };
  return [leave, back, ...told];
}

/** What was enough to hurry to a side that is warm is not enough to be left with. */
function paceBack(plan: readonly Waypoint[], at: Waypoint): Pace {
  return plan.some(({ route }) => route.kind !== "byReplica") ? beside : at.pace;
}
