import type { CanaryStep, Strategy } from "../model/strategy.ts";
import type { Pace, Waypoint } from "../model/waypoint.ts";
import { share, waypoint } from "./waypoint.ts";

const beside: Pace = { surge: "100%", unavailable: 0 };

/** Weight step by step; stable keeps its full size until the bake is over, so that back is one route change. */
export function canaryPlan(strategy: Extract<Strategy, { kind: "canary" }>): readonly Waypoint[] {
  const steps = strategy.steps.map((step) => stepWaypoint(step, strategy));
  const full = { kind: "byWeight", canary: 100, sticky: strategy.sticky } as const;
  return [
    ...steps,
    waypoint(
      "bake",
      { stable: 1, canary: 1 },
      {
        pace: beside,
        route: full,
        hold: [{ kind: "time", ms: strategy.bakeMs }],
      },
    ),
    waypoint("retire", { stable: 0, canary: 1 }, { pace: beside, route: full }),
  ];
}

function stepWaypoint(step: CanaryStep, strategy: Extract<Strategy, { kind: "canary" }>): Waypoint {
  const sized = waypoint(
    `canary ${step.weight} %`,
    { stable: 1, canary: step.weight / 100 },
    {
      pace: beside,
      route: { kind: "byWeight", canary: step.weight, sticky: strategy.sticky },
      hold: step.hold,
    },
  );
  if (step.replicas === null) return sized;
  return { ...sized, replicas: { stable: share(1), canary: step.replicas } };
}
