import type { Count, Waypoint } from "../model/waypoint.ts";

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
