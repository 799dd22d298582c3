import type { App } from "../model/app.ts";
import type { Route } from "../model/mutation.ts";
import { type RouteRule, sameRule } from "../model/route.ts";
import type { Limits } from "../strategies/rounding.ts";
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
  if (!hasCapacityFor(rule, position, at)) return null;
  return { kind: "route", table: { generation: app.route.generation + 1, rule } };
}

/** Whether the route in force is what the position wants. */
export function routeStands(app: App, position: Position): boolean {
  return position.rule === null || sameRule(position.rule, app.route.rule);
}

/**
 * Capacity before weight: every revision has the replicas that its share of the requests needs.
 * By replica the split follows capacity by itself, so that nothing has to be there first.
 */
function hasCapacityFor(
  rule: RouteRule,
  position: Position,
  at: { world: World; limits: Limits },
): boolean {
  const enough = (revision: number, percent: number) => {
    const target = position.targets.get(revision) ?? 0;
    const needed = Math.min(target, Math.ceil((percent / 100) * at.limits.minAvailable));
    return sideOf(at.world, revision).available >= Math.max(percent > 0 ? 1 : 0, needed);
  };
  switch (rule.kind) {
    case "byReplica":
      return true;
    case "byWeight":
      return rule.weights.every((w) => enough(w.revision, w.weight));
    case "byMatch":
      return rule.rules.every((r) => enough(r.revision, 100)) && enough(rule.otherwise, 100);
  }
}
