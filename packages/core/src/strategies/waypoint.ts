import type { Count, Pace, Waypoint } from "../model/waypoint.ts";

/** The pace where there is nobody to care for: all at once. */
export const noneToKeep: Pace = { surge: 0, unavailable: "100%" };

/** The whole new side may run beside the whole old one. */
export const beside: Pace = { surge: "100%", unavailable: 0 };

/** A waypoint from shares of the desired number, with the usual rest. */
export function waypoint(
  id: string,
  shares: { readonly stable: number; readonly canary: number },
  rest: Partial<Omit<Waypoint, "id">> = {},
): Waypoint {
  return {
    id,
    replicas: { stable: share(shares.stable), canary: share(shares.canary) },
    pace: { surge: 1, unavailable: 0 },
    route: { kind: "byReplica" },
    leavers: "unrouted",
    schema: null,
    before: [],
    hold: [],
    onFail: "back",
    ...rest,
  };
}

export function share(of: number): Count {
  return { kind: "share", of };
}

/** Whether the canary has all requests there. */
export function hasEverything({ route, replicas }: Waypoint): boolean {
  if (route.kind === "byWeight") return route.canary === 100;
  const { stable, canary } = replicas;
  const nobody = stable.kind === "share" && stable.of === 0;
  return route.kind === "byReplica" && nobody && !(canary.kind === "share" && canary.of === 0);
}
