import type { Strategy } from "../model/strategy.ts";
import type { Pace, Waypoint } from "../model/waypoint.ts";
import { waypoint } from "./waypoint.ts";

const secondStack: Pace = { surge: "100%", unavailable: 0 };

/** Two full stacks, checks on the new one, one route change, a bake with both warm. */
export function blueGreenPlan(
  strategy: Extract<Strategy, { kind: "blueGreen" }>,
): readonly Waypoint[] {
  const both = { stable: 1, canary: 1 };
  const byWeight = (canary: number) => ({ kind: "byWeight", canary, sticky: null }) as const;
  return [
    waypoint("preview", both, { pace: secondStack, route: byWeight(0), hold: strategy.checks }),
    waypoint("switch", both, {
      pace: secondStack,
      route: byWeight(100),
      hold: [{ kind: "time", ms: strategy.bakeMs }],
    }),
    waypoint("retire", { stable: 0, canary: 1 }, { pace: secondStack, route: byWeight(100) }),
  ];
}
