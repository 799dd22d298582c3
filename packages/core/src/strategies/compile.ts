import type { Strategy } from "../model/strategy.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { abTestPlan } from "./ab-test.ts";
import { blueGreenPlan } from "./blue-green.ts";
import { canaryPlan } from "./canary.ts";
import { recreatePlan } from "./recreate.ts";
import { rollingPlan } from "./rolling.ts";
import { noneToKeep, waypoint } from "./waypoint.ts";

/** The waypoints of a release. The first release of an app has nobody to care for: all start at once. */
export function compile(strategy: Strategy, from: number | null): readonly Waypoint[] {
  if (from === null) return [waypoint("start", { stable: 0, canary: 1 }, { pace: noneToKeep })];
  switch (strategy.kind) {
    case "rolling":
      return rollingPlan(strategy);
    case "recreate":
      return recreatePlan();
    case "blueGreen":
      return blueGreenPlan(strategy);
    case "canary":
      return canaryPlan(strategy);
    case "abTest":
      return abTestPlan(strategy);
  }
}

/**
 * Puts a migration around a plan: `expand` before anything of the new side starts, `contract` as
 * the last waypoint, behind its gate, when nothing of the old side is left.
 */
export function withSchemaPhases(plan: readonly Waypoint[], bakeMs: number): readonly Waypoint[] {
  const [first, last] = [plan[0], plan.at(-1)];
  if (first === undefined || last === undefined) return plan;
  const { pace, route } = last;
  const expand = waypoint(
    "expand",
    { stable: 1, canary: 0 },
    { pace: first.pace, schema: "expand" },
  );
  const contract = waypoint(
    "contract",
    { stable: 0, canary: 1 },
    {
      pace,
      route,
      schema: "contract",
      leavers: "stopped",
      hold: [
        { kind: "time", ms: bakeMs },
        { kind: "gate", name: "contract" },
      ],
      onFail: "pause",
    },
  );
  return [expand, ...plan, contract];
}
