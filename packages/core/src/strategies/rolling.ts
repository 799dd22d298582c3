import type { Strategy } from "../model/strategy.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { waypoint } from "./waypoint.ts";

/**
 * One waypoint: everybody on the new side, under the pace; the engine's replicas carry the split. A
 * bake watches the new side when it has everything: the way back from there is another roll.
 */
export function rollingPlan(strategy: Extract<Strategy, { kind: "rolling" }>): readonly Waypoint[] {
  const pace = { surge: strategy.maxSurge, unavailable: strategy.maxUnavailable };
  const { bakeMs = 0 } = strategy;
  const hold = bakeMs === 0 ? [] : [{ kind: "time", ms: bakeMs } as const];
  return [waypoint("roll", { canary: 1, stable: 0 }, { pace, hold })];
}
