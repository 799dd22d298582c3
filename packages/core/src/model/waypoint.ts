import type { Hook } from "./hook.ts";
import type { Metric } from "./metric.ts";
import type { RouteIntent } from "./route-intent.ts";

/**
 * How many replicas a side has at a waypoint.
 * `share` of the desired number (which may change midway), a fixed number, or as it is.
 */
export type Count =
  | { readonly kind: "share"; readonly of: number }
  | { readonly kind: "fixed"; readonly n: number }
  | { readonly kind: "keep" };

/** A number of replicas or a percentage of the desired number (Kubernetes `IntOrString`). */
export type Amount = number | `${number}%`;

/** How far a change may stray from the desired number while it is under way. */
export interface Pace {
  /** Rounded up (Kubernetes `maxSurge`). */
  readonly surge: Amount;
  /** Rounded down; 1 when both round to 0 (Kubernetes `maxUnavailable`). */
  readonly unavailable: Amount;
}

/** The phases of a migration. `contract` cannot be undone. */
export type SchemaPhase = "expand" | "contract";

/** What must hold at a waypoint before the release goes on. */
export type Hold =
  | { readonly kind: "time"; readonly ms: number }
  /** This many requests answered by the canary since the waypoint was entered. */
  | { readonly kind: "requests"; readonly n: number }
  /** Every metric of the waypoint is `successful`, after so many milliseconds or later. */
  | { readonly kind: "analysis"; readonly ms: number }
  /** A person says `promote`. */
  | { readonly kind: "approval" }
  | { readonly kind: "gate"; readonly name: string };

/** Where to stand, and what must hold before going on. The last waypoint of an app never ends. */
export interface Waypoint {
  /** Unique within its plan, for people: `canary 20 %`. */
  readonly id: string;
  readonly replicas: { readonly stable: Count; readonly canary: Count };
  readonly pace: Pace;
  readonly route: RouteIntent;
  /** What a replica that leaves must have reached before the waypoint counts as reached. */
  readonly leavers: "unrouted" | "stopped";
  readonly schema: SchemaPhase | null;
  readonly before: readonly Hook[];
  readonly hold: readonly Hold[];
  /** What a failed hold, or metric, does. */
  readonly onFail: "back" | "pause";
  /** Watched from when the waypoint is reached until it is left: one that fails is a failed hold. Absent: none. */
  readonly metrics?: readonly Metric[];
  /** Port of the canary's own address meanwhile. Absent: it has none. */
  readonly preview?: number;
  /** When it is left, the side without requests is kept warm for so long, ms. Absent: it is not. */
  readonly keepWarmMs?: number;
}
