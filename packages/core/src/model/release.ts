import type { DrainTotals, ReleaseDrains } from "./drains.ts";
import type { Failure } from "./failure.ts";
import type { HookResult } from "./hook.ts";
import type { Judged, MetricState } from "./metric.ts";
import type { Mutation } from "./mutation.ts";
import type { ReleaseTraffic, TrafficTotals } from "./traffic.ts";
import type { Waypoint } from "./waypoint.ts";

/** What a person asked of a running release. */
export const intentKinds = [
  "promote",
  "pause",
  "resume",
  "abort",
  "retry",
  "skip",
  "rollback",
  "replace",
] as const;
export type IntentKind = (typeof intentKinds)[number];

export interface Intent {
  readonly kind: IntentKind;
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly meantFor: MeantFor;
  /** Of `promote`: to the end, whatever is waited for on the way. Absent: one approval. */
  readonly full?: boolean;
}

/** The newest release as a person saw it when they spoke: what they said was meant for that one. */
export interface MeantFor {
  /** Its number; 0 before the first. */
  readonly release: number;
  readonly direction: Release["direction"] | "ended";
  /** The waypoint at which it stood or to which it moved; null past the last one, and when it has ended. */
  readonly waypoint: string | null;
}

/** An accepted mutation whose effect has not been observed at the far end yet. */
export interface Ordered {
  readonly mutation: Mutation;
  /** What `Engine.apply` returned; null from just before the call until its answer is persisted. */
  readonly token: number | null;
  readonly since: number;
}

/**
 * A durable move of the app from one revision to another.
 *
 * `direction` is `forward` from the start; `back` once it failed, was aborted or rolled back, with
 * `reason` set; `retry` makes it `forward` again. It ends as one of `Outcome`.
 */
export interface Release {
  readonly id: number;
  /** What a person asked for; a rollback and a restart are releases too. */
  readonly kind: "release" | "rollback" | "restart";
  readonly cause: string;
  /** Null for the first release of an app. */
  readonly from: number | null;
  readonly to: number;
  /** The way forward, compiled when the release was made. */
  readonly plan: readonly Waypoint[];
  /** The way back, compiled when it turned back; empty before. */
  readonly back: readonly Waypoint[];
  /** Index into the present direction's waypoints; their number means that only the finish is left. */
  readonly cursor: number;
  readonly direction: "forward" | "back";
  readonly reason: Failure | null;
  readonly intents: readonly Intent[];
  readonly paused: { readonly since: number; readonly by: string } | null;
  readonly startedAt: number;
  /** How many times it has set out: once more with each `retry` of one that went back. Absent: once. */
  readonly attempt?: number;
  /** When the cursor last moved. */
  readonly enteredAt: number;
  /** When the present waypoint was reached and its holds began to count; null on the way there. */
  readonly reached: Reached | null;
  readonly progress: Progress;
  /**
   * What a person let pass at the present waypoint. `approved`: what waits for a person, for time or
   * for requests (`promote`); `waypoint`: analyses and gates as well (`skip`); `all`: also at all
   * that follow (`promote --full`).
   */
  readonly waived: "none" | "approved" | "waypoint" | "all";
  /** The metrics of the present waypoint, by name; absent before the first was measured. */
  readonly analysis?: Readonly<Record<string, MetricState>>;
  /** What metrics said at the waypoints that were left; absent: none. */
  readonly judged?: readonly Judged[];
  /** Hooks that are over, by key; absent: none. */
  readonly effects?: Readonly<Record<string, HookResult>>;
  /** What became of the requests meanwhile; absent before the first look. */
  readonly traffic?: ReleaseTraffic;
  /** What replicas that ended meanwhile said of it; absent before the first look. */
  readonly drains?: ReleaseDrains;
  /** Whether `contract` was ordered: from then on there is no way back. */
  readonly contracted: boolean;
}

/** From when, and from how many requests of the canary, the holds of a waypoint count. */
export interface Reached {
  readonly at: number;
  readonly requests: number;
}

/** How far it has come, for the deadline (Kubernetes `progressDeadlineSeconds`). */
export interface Progress {
  /** When it last came further. */
  readonly at: number;
  /**
   * Most replicas of the arriving side that have been available at once; less again after one was
   * lost when all were there. -1 until they were first counted.
   */
  readonly mark: number;
  /** Exits of the arriving revision's replicas when it last came further. */
  readonly exits: number;
  /** After this instant without progress it turns back. */
  readonly deadlineAt: number;
}

export const outcomes = [
  "succeeded",
  "failed",
  "aborted",
  "rolledBack",
  "replaced",
  "stuck",
] as const;

/**
 * How a release ended. `succeeded`: the app is on `to`. `failed`, `aborted`, `rolledBack`,
 * `replaced`: back on `from`. `stuck`: a first release failed, there was nothing to go back to.
 */
export type Outcome = (typeof outcomes)[number];

/** A row of `history`. */
export interface ReleaseRecord {
  readonly id: number;
  readonly kind: Release["kind"];
  readonly cause: string;
  readonly from: number | null;
  readonly to: number;
  readonly outcome: Outcome;
  readonly reason: Failure | null;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What became of the requests meanwhile; absent when nobody counted. */
  readonly traffic?: TrafficTotals;
  /** What replicas that ended meanwhile said of it; absent when none said anything. */
  readonly drains?: DrainTotals;
  /** What metrics said at each waypoint; absent: none was declared. */
  readonly judged?: readonly Judged[];
  /** What people said of it, as `promote` and `pause`, and when; absent: nothing. */
  readonly intents?: readonly Intent[];
  /** Hooks that failed and did not turn it back; absent: none. */
  readonly failedHooks?: readonly string[];
}
