import type { Strategy } from "../model/strategy.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { bakeAndRetire, commonOf } from "./side-by-side.ts";
import { waypoint } from "./waypoint.ts";

/** Two full stacks, checks on the new one, one route change, a bake with both warm. */
export function blueGreenPlan(
  strategy: Extract<Strategy, { kind: "blueGreen" }>,
): readonly Waypoint[] {
  const { before = [], checks: hold, override } = strategy;
  const both = { stable: 1, canary: 1 };
  const route = { kind: "byWeight", canary: 0, sticky: null } as const;
  const rest = {
    ...commonOf(strategy),
    route: override === undefined ? route : { ...route, override },
  };
  // What runs against the new side runs when it is there.
  const preview =
    before.length === 0
      ? [waypoint("preview", both, { ...rest, hold })]
      : [waypoint("preview", both, rest), waypoint("checks", both, { ...rest, before, hold })];
  return [...preview, ...bakeAndRetire("switch", strategy)];
}
