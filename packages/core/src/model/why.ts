import type { Frozen } from "./app.ts";
import type { Failure } from "./failure.ts";
import type { HookResult } from "./hook.ts";
import type { Mutation } from "./mutation.ts";
import type { ReplicaView } from "./observed.ts";
import type { Outcome } from "./release.ts";
import type { RouteRule } from "./route.ts";

/** The kinds of `Why` that `next` gives; a test proves that each can be reached. */
export const whyKinds = [
  "steady",
  "unobservable",
  "stale",
  "routeBarrier",
  "starting",
  "settling",
  "unrouting",
  "stopping",
  "noCapacity",
  "paused",
  "held",
  "holdUndecided",
  "measured",
  "windowClosed",
  "frozen",
  "scaling",
  "routing",
  "collecting",
  "migrating",
  "hookRunning",
  "hookOver",
  "waypointReached",
  "progressed",
  "turnedBack",
  "pendingStarted",
  "keptExpired",
  "finished",
] as const;

/**
 * Why the reconciler does what it does, as data with the facts it rests on. Text is only ever
 * rendered from it.
 */
export type Why =
  | {
      readonly kind: "steady";
      readonly revision: number | null;
      readonly available: number;
      readonly desired: number;
    }
  /** A part of the world could not be read; the release holds. */
  | {
      readonly kind: "unobservable";
      readonly what: string;
      readonly reason: string;
      readonly since: number;
    }
  /** Said by the controller: what was decided cannot be saved or done, and is tried again. */
  | { readonly kind: "failing"; readonly reason: string; readonly since: number }
  /** What was observed is older than the last mutation. */
  | { readonly kind: "stale"; readonly mutation: Mutation; readonly since: number }
  | {
      readonly kind: "routeBarrier";
      readonly generation: number;
      readonly lagging: readonly string[];
    }
  /** Replicas of a revision are not ready; the one named is the furthest behind. */
  | {
      readonly kind: "starting";
      readonly revision: number;
      readonly available: number;
      readonly wanted: number;
      readonly slowest: ReplicaView | null;
      readonly deadlineAt: number | null;
    }
  /** Ready, but not yet for `minReadySeconds`. */
  | {
      readonly kind: "settling";
      readonly revision: number;
      readonly replica: string;
      readonly until: number;
    }
  /** Leaving replicas may still get new requests. */
  | { readonly kind: "unrouting"; readonly replicas: readonly string[] }
  /** Leaving replicas have not exited. */
  | {
      readonly kind: "stopping";
      readonly replicas: readonly { readonly id: string; readonly inFlight: number | null }[];
    }
  | { readonly kind: "noCapacity"; readonly revision: number; readonly detail: string }
  | { readonly kind: "paused"; readonly by: string; readonly since: number }
  /** A hold that time, requests or a person will open. */
  | {
      readonly kind: "held";
      readonly waypoint: string;
      readonly hold: string;
      readonly detail: string;
    }
  /** A hold whose verdict cannot be had yet. */
  | {
      readonly kind: "holdUndecided";
      readonly waypoint: string;
      readonly hold: string;
      readonly detail: string;
    }
  /** Metrics of the waypoint were measured. */
  | {
      readonly kind: "measured";
      readonly waypoint: string;
      readonly metrics: readonly string[];
    }
  /** A release waits for a time at which it may begin. */
  | {
      readonly kind: "windowClosed";
      readonly release: number;
      /** Ms since the epoch; null: it waits for less traffic. */
      readonly opensAt: number | null;
      readonly detail: string;
    }
  /** A release waits until somebody ends the freeze. */
  | { readonly kind: "frozen"; readonly release: number; readonly frozen: Frozen }
  | {
      readonly kind: "scaling";
      readonly revision: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: "routing"; readonly generation: number; readonly rule: RouteRule }
  | { readonly kind: "collecting"; readonly revision: number }
  | { readonly kind: "migrating"; readonly phase: string }
  | {
      readonly kind: "hookRunning";
      readonly key: string;
      readonly waypoint: string;
      readonly hook: string;
      /** When it was ordered. */
      readonly since: number;
      /** How long one attempt may take. */
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "hookOver";
      readonly key: string;
      readonly waypoint: string;
      readonly hook: string;
      readonly result: HookResult;
    }
  | {
      readonly kind: "waypointReached";
      readonly waypoint: string;
      /** What was held for there is over. Absent: it stands there, or goes on without holding. */
      readonly passed?: true;
    }
  | { readonly kind: "progressed"; readonly available: number; readonly wanted: number }
  | { readonly kind: "turnedBack"; readonly reason: Failure }
  | { readonly kind: "pendingStarted"; readonly to: number }
  | { readonly kind: "keptExpired"; readonly revisions: readonly number[] }
  | { readonly kind: "finished"; readonly outcome: Outcome; readonly to: number };
