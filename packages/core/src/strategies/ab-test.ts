import type { Strategy } from "../model/strategy.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { bakeAndRetire, commonOf } from "./side-by-side.ts";
import { waypoint } from "./waypoint.ts";

/** Those who match see the new side until the comparison is over; then everybody does. */
export function abTestPlan(strategy: Extract<Strategy, { kind: "abTest" }>): readonly Waypoint[] {
  const { matches, until: hold, override } = strategy;
  const route = { kind: "byMatch", matches } as const;
  const compare = waypoint(
    "compare",
    { stable: 1, canary: 1 },
    {
      ...commonOf(strategy),
      route: override === undefined ? route : { ...route, override },
      hold,
    },
  );
  return [compare, ...bakeAndRetire("winner", strategy)];
}
