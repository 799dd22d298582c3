import type { DrainTotals } from "./drains.ts";
import type { Exit } from "./failure.ts";
import type { Hook, HookResult } from "./hook.ts";
import type { CountsView, Metric, Sample } from "./metric.ts";
import type { ProbeAnswer } from "./probe.ts";
import type { TrafficView } from "./traffic.ts";

/** Something that was read, or the reason why it could not be. Unknown is never zero. */
export type Known<T> =
  | { readonly kind: "known"; readonly value: T; readonly asOf: number }
  | { readonly kind: "unknown"; readonly reason: string; readonly since: number };

/**
 * `starting`: its process runs or will run, not ready (also: was ready and is not now) ·
 * `ready`: readiness passes · `draining`: leaves, in the order of `docs/stopping.md` ·
 * `failed`: exited, waits for its next start · `stopped`: its process group is empty.
 */
export type ReplicaState = "starting" | "ready" | "draining" | "failed" | "stopped";

/** One running copy of a revision, as the engine sees it. */
export interface ReplicaView {
  readonly id: string;
  readonly revision: number;
  readonly state: ReplicaState;
  /** Since when readiness passes without a break; null when it does not. */
  readonly readySince: number | null;
  /** Whether any part of the data plane may still send it new requests. */
  readonly routed: boolean;
  /** Requests in flight on it; null when the data plane did not say. */
  readonly inFlight: number | null;
  readonly startedAt: number | null;
  /** Starts of this replica, the present one included. */
  readonly starts: number;
  readonly lastProbe: ProbeAnswer | null;
  readonly lastExit: Exit | null;
  /** When it will be started again, while `failed`. */
  readonly restartAt: number | null;
  /** Process id on one machine, pod name in a cluster. */
  readonly process: string | null;
  /** `HOST:PORT` where it answers by itself, past the route. Absent: it was not ready yet, or has ended. */
  readonly address?: string;
}

/** What the engine keeps of one revision. */
export interface RevisionView {
  readonly revision: number;
  /** The level last declared by `scale`. */
  readonly level: number;
  /** Exits that nobody asked for, since the revision was first scaled up. Never shrinks. */
  readonly exits: number;
  readonly lastExit: Exit | null;
}

export interface RouteView {
  /** Generation of the last table that the engine accepted. */
  readonly accepted: number;
  /** Generation that every part of the data plane has acknowledged. */
  readonly inForce: number;
  /** Parts that lag behind, in words: `worker 4711 at generation 6`. */
  readonly lagging: readonly string[];
}

/** Whether more replicas fit; `detail` says what is missing. */
export interface Capacity {
  readonly fits: boolean;
  readonly detail: string;
}

/** How far the migration of the release under way has come. */
export interface SchemaView {
  readonly phase: "none" | "expanded" | "contracted";
}

/** A verdict on a hold of kind `gate`. */
export interface Verdict {
  readonly verdict: "successful" | "failed" | "inconclusive" | "error";
  readonly detail: string;
}

/** What an engine saw. `asOf` of each part is comparable with the tokens that `apply` returned. */
export interface EngineView {
  readonly replicas: Known<readonly ReplicaView[]>;
  readonly revisions: Known<readonly RevisionView[]>;
  readonly route: Known<RouteView>;
  readonly capacity: Known<Capacity>;
  /** Requests answered so far, by revision. */
  readonly requests: Known<Readonly<Record<number, number>>>;
  /** What became of all requests so far. */
  readonly traffic: Known<TrafficView>;
  /** How each revision has answered so far. */
  readonly counts: Known<CountsView>;
  /** What replicas that have ended said of it so far. */
  readonly drains: Known<DrainTotals>;
}

/** What `next` decides on: the engine's view and what the controller's other ports saw. */
export interface Observed extends EngineView {
  readonly schema: Known<SchemaView>;
  /** By the hold's name. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
  /** Hooks that are over, by key. */
  readonly hooks: Readonly<Record<string, HookResult>>;
  /** Measurements that are over, by key. */
  readonly measurements: Readonly<Record<string, Sample>>;
  /** Requests per second that the app gets. */
  readonly rate: Known<number>;
  /** Last log lines by replica id, for the evidence of a failure. */
  readonly lastLogLines: Readonly<Record<string, readonly string[]>>;
}

/** What the loop must read before it asks `next`. */
export type Observation =
  | { readonly kind: "engine" }
  | { readonly kind: "schema" }
  | { readonly kind: "verdict"; readonly name: string }
  | { readonly kind: "hook"; readonly key: string; readonly hook: Hook }
  /** One measurement of a source that is asked; `key` is its own. */
  | {
      readonly kind: "measurement";
      readonly key: string;
      readonly metric: Metric;
      /** What `{{revision}}` stands for. */
      readonly revision: number;
    }
  | { readonly kind: "rate" };
