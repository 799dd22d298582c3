import type { Pace, Waypoint } from "../model/waypoint.ts";
import { waypoint } from "./waypoint.ts";

const allAtOnce: Pace = { surge: 0, unavailable: "100%" };

/** Stop everybody, see them gone, start everybody. Downtime, and `plan` says so. */
export function recreatePlan(): readonly Waypoint[] {
  return [
    waypoint("stop", { stable: 0, canary: 0 }, { pace: allAtOnce, leavers: "stopped" }),
    waypoint("start", { stable: 0, canary: 1 }, { pace: allAtOnce }),
  ];
}
