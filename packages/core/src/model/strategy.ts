import type { MatchRule, Stickiness } from "./route.ts";
import type { Amount, Count, Hold } from "./waypoint.ts";

/** One step of a canary: a weight, with what must hold there. */
export interface CanaryStep {
  /** Percent of the requests, to 0.1. */
  readonly weight: number;
  readonly replicas: Count | null;
  readonly hold: readonly Hold[];
}

/** How a release moves. Only `strategies/` reads this: everybody else sees waypoints. */
export type Strategy =
  | { readonly kind: "rolling"; readonly maxSurge: Amount; readonly maxUnavailable: Amount }
  | { readonly kind: "recreate" }
  | { readonly kind: "blueGreen"; readonly checks: readonly Hold[]; readonly bakeMs: number }
  | {
      readonly kind: "canary";
      readonly steps: readonly CanaryStep[];
      readonly sticky: Stickiness | null;
      readonly bakeMs: number;
    }
  | {
      readonly kind: "abTest";
      readonly matches: readonly MatchRule["match"][];
      readonly until: readonly Hold[];
      readonly bakeMs: number;
    };
