import type { App } from "../model/app.ts";
import type { Route } from "../model/mutation.ts";
import { type RouteRule, routedRevisions, sameRule } from "../model/route.ts";
import { enoughOf, type Limits } from "../strategies/rounding.ts";
import type { Position } from "./position.ts";
import { sideOf, type World } from "./world.ts";

/** The route change that the position wants and capacity allows; null when there is none to make. */
export function routeStep(
  app: App,
  position: Position,
  at: { world: World; limits: Limits },
): Route | null {
  const { rule } = position;
  if (rule === null || sameRule(rule, app.route.rule)) return null;
  if (lackingFor(app, position, at) !== null) return null;
  const last = Math.max(app.route.generation, at.world.route.accepted);
  return { kind: "route", table: { generation: last + 1, rule } };
}

/** Whether the route in force is what the position wants. */
export function routeStands(app: App, position: Position, world: World): boolean {
  if (position.rule === null) return true;
  return world.route.accepted >= app.route.generation && sameRule(position.rule, app.route.rule);
}

/**
 * Capacity before weight: the revision that has not the replicas that its share of the requests
 * needs; null when all have. On the way back enough will do. By replica the split follows capacity
 * by itself, so that nothing has to be there first.
 */
export function lackingFor(
  app: App,
  position: Position,
  at: { world: World; limits: Limits },
): number | null {
  const back = app.release?.direction === "back";
  const { minAvailable } = at.limits;
  const full = back ? enoughOf(at.limits, app.desired.replicas) : minAvailable;
  const lacking =
    position.rule === null
      ? []
      : sharesOf(position.rule).filter((share) => {
          const target = position.targets.get(share.revision) ?? 0;
          const needed = Math.min(target, Math.ceil((share.percent / 100) * full));
          return (
            sideOf(at.world, share.revision).available < Math.max(share.percent > 0 ? 1 : 0, needed)
          );
        });
  return lacking[0]?.revision ?? null;
}

/** Percent of the requests that a revision may get, where they do not follow capacity. */
function sharesOf(
  rule: RouteRule,
): readonly { readonly revision: number; readonly percent: number }[] {
  switch (rule.kind) {
    case "byReplica":
      return [];
    case "byWeight":
      return rule.weights.map((w) => ({ revision: w.revision, percent: w.weight }));
    case "byMatch":
      return routedRevisions(rule).map((revision) => ({ revision, percent: 100 }));
  }
}
