import type { Hooks, Settings } from "../model/app.ts";
import type { Hook } from "../model/hook.ts";
import type { Strategy } from "../model/strategy.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { abTestPlan } from "./ab-test.ts";
import { blueGreenPlan } from "./blue-green.ts";
import { canaryPlan } from "./canary.ts";
import { namedApart } from "./named-apart.ts";
import { recreatePlan } from "./recreate.ts";
import { rollingPlan } from "./rolling.ts";
import { instantPlan } from "./side-by-side.ts";
import { watched } from "./watched.ts";
import { hasEverything, noneToKeep, waypoint } from "./waypoint.ts";

/** What a plan is made of: the part of the settings that says how a release moves. */
export type Course = Pick<Settings, "strategy" | "analysis" | "hooks">;

/** From where a release sets out. `warm`: the replicas of where it goes still run, and have served. */
export interface Departure {
  readonly from: number | null;
  readonly warm: boolean;
}

/**
 * The waypoints of a release. The first release of an app has nobody to care for: all start at once.
 * One to a side that is still warm needs no steps, where both sides may run at once: it has been
 * through them, and what hooks come before has been started.
 */
export function compile(course: Course, { from, warm }: Departure): readonly Waypoint[] {
  const { strategy, hooks, analysis = [] } = course;
  if (from === null) {
    return withHooks([waypoint("start", { stable: 0, canary: 1 }, { pace: noneToKeep })], hooks);
  }
  if (warm && strategy.kind !== "rolling" && strategy.kind !== "recreate") {
    const afterwards = hooks && { ...hooks, before: [] };
    return withHooks(instantPlan(strategy.keepWarmMs ?? 0), afterwards);
  }
  return watched(withHooks(planOf(strategy), hooks), analysis);
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

function planOf(strategy: Strategy): readonly Waypoint[] {
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

/** The hooks of the app file at their waypoints: before the first, and behind the switch. */
function withHooks(plan: readonly Waypoint[], hooks: Hooks | undefined): readonly Waypoint[] {
  if (hooks === undefined) return plan;
  const [first, ...rest] = withAfterSwitch(plan, hooks.afterSwitch);
  if (first === undefined) return plan;
  return [{ ...first, before: namedApart([...hooks.before, ...first.before]) }, ...rest];
}

/** The waypoint of the switch is parted: what follows the hooks is what it held for. */
function withAfterSwitch(plan: readonly Waypoint[], hooks: readonly Hook[]): readonly Waypoint[] {
  if (hooks.length === 0) return plan;
  const index = plan.findIndex((w) => hasEverything(w));
  const at = plan[index];
  if (at === undefined) return plan;
  const { keepWarmMs: _kept, ...switched } = at;
  const after = { ...at, id: `after ${at.id}`, before: hooks };
  return [...plan.slice(0, index), { ...switched, hold: [] }, after, ...plan.slice(index + 1)];
}
