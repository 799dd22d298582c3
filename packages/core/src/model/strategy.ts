import type { Hook } from "./hook.ts";
import type { Match, Stickiness } from "./route.ts";
import type { Override } from "./route-intent.ts";
import type { Amount, Count, Hold } from "./waypoint.ts";

/** One step of a canary: a weight, with what must hold there. */
export interface CanaryStep {
  /** Percent of the requests, to 0.1. */
  readonly weight: number;
  readonly replicas: Count | null;
  /** Run before the weight is given; absent: none. */
  readonly before?: readonly Hook[];
  readonly hold: readonly Hold[];
}

/** What strategies have in common that have both sides run at once. */
export interface SideBySide {
  /** How long the new side has all requests before the old one is given up, ms. */
  readonly bakeMs: number;
  /** How long the old side stays warm after the release, ms; absent: not at all. */
  readonly keepWarmMs?: number;
  /** Loopback port of the new side's own address; absent: none. */
  readonly preview?: number;
  readonly override?: Override;
}

/** How a release moves. Only `strategies/` reads this: everybody else sees waypoints. */
export type Strategy =
  | {
      readonly kind: "rolling";
      readonly maxSurge: Amount;
      readonly maxUnavailable: Amount;
      /** How long the new side is watched when it has everything, ms; absent: not at all. */
      readonly bakeMs?: number;
    }
  | { readonly kind: "recreate" }
  | ({
      readonly kind: "blueGreen";
      /** Run before the switch; absent: none. */
      readonly before?: readonly Hook[];
      readonly checks: readonly Hold[];
    } & SideBySide)
  | ({
      readonly kind: "canary";
      readonly steps: readonly CanaryStep[];
      readonly sticky: Stickiness | null;
      /** The share of requests follows the share of replicas instead of a weight; absent: it does not. */
      readonly byReplica?: boolean;
    } & SideBySide)
  | ({
      readonly kind: "abTest";
      readonly matches: readonly Match[];
      readonly until: readonly Hold[];
    } & SideBySide);
