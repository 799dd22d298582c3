import type { Waypoint } from "../model/waypoint.ts";
import { noneToKeep, waypoint } from "./waypoint.ts";

/** Stop everybody, see them gone, start everybody. Downtime, and `plan` says so. */
export function recreatePlan(): readonly Waypoint[] {
  return [
    waypoint("stop", { stable: 0, canary: 0 }, { pace: noneToKeep, leavers: "stopped" }),
    waypoint("start", { stable: 0, canary: 1 }, { pace: noneToKeep }),
  ];
}
