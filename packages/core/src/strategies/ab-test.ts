import type { Strategy } from "../model/strategy.ts";
import type { Pace, Waypoint } from "../model/waypoint.ts";
import { waypoint } from "./waypoint.ts";

const beside: Pace = { surge: "100%", unavailable: 0 };

/** Those who match see the new side until the comparison is over; then everybody does. */
export function abTestPlan(strategy: Extract<Strategy, { kind: "abTest" }>): readonly Waypoint[] {
  const both = { stable: 1, canary: 1 };
  const full = { kind: "byWeight", canary: 100, sticky: null } as const;
  return [
    waypoint("compare", both, {
      pace: beside,
      route: { kind: "byMatch", matches: strategy.matches },
      hold: strategy.until,
    }),
    waypoint("winner", both, {
      pace: beside,
      route: full,
      hold: [{ kind: "time", ms: strategy.bakeMs }],
    }),
    waypoint("retire", { stable: 0, canary: 1 }, { pace: beside, route: full }),
  ];
}
