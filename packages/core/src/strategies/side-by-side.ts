import type { SideBySide } from "../model/strategy.ts";
import type { Hold, Pace, Waypoint } from "../model/waypoint.ts";
import { beside, waypoint } from "./waypoint.ts";

/** One replica less than all is enough to go back to, as on every way back. */
const enough: Pace = { surge: "100%", unavailable: 1 };

const everything = { kind: "byWeight", canary: 100, sticky: null } as const;

/** What both sides have at every waypoint until the old one is given up. */
export function commonOf({ preview }: SideBySide): Partial<Waypoint> {
  return { pace: beside, ...(preview === undefined ? {} : { preview }) };
}

/**
 * The end of every strategy that has both sides run at once: all requests to the new side, a bake in
 * which the way back is one route change, and then the old side is given up, or kept warm.
 */
export function bakeAndRetire(id: string, strategy: SideBySide): readonly Waypoint[] {
  const { bakeMs, keepWarmMs = 0 } = strategy;
  const both = { stable: 1, canary: 1 };
  const hold: readonly Hold[] = bakeMs === 0 ? [] : [{ kind: "time", ms: bakeMs }];
  const switched = waypoint(id, both, { pace: beside, route: everything, hold });
  return keepWarmMs > 0 ? [{ ...switched, keepWarmMs }] : [switched, retire];
}

/** To a side that is warm: one route change, and the same end, at which nothing has to be hurried. */
export function instantPlan(keepWarmMs: number): readonly Waypoint[] {
  const [switched] = bakeAndRetire("switch", { bakeMs: 0, keepWarmMs });
  return switched === undefined ? [retire] : [{ ...switched, pace: enough }, retire];
}

/** What is kept warm stays as it is. */
const retire = waypoint("retire", { stable: 0, canary: 1 }, { pace: beside, route: everything });
