import type { ProbeAnswer } from "./probe.ts";

/** How a process of ours ended. `unknown`: it ended while no controller watched. */
export type Exit =
  | { readonly kind: "code"; readonly code: number; readonly at: number }
  | { readonly kind: "signal"; readonly signal: string; readonly at: number }
  | { readonly kind: "notStarted"; readonly error: string; readonly at: number }
  /** Hitless ended it: a liveness or startup probe failed, or a stranger held its port. */
  | { readonly kind: "killed"; readonly because: string; readonly at: number }
  | { readonly kind: "unknown"; readonly at: number };

/** What a failed release leaves behind for the reader: the last words of the replica that failed. */
export interface Evidence {
  readonly replica: string | null;
  readonly probe: ProbeAnswer | null;
  readonly exit: Exit | null;
  readonly lastLogLines: readonly string[];
}

/** Why a release turned back. */
export type Failure =
  /** No progress within `progressDeadlineSeconds`. */
  | {
      readonly kind: "progressDeadline";
      readonly seconds: number;
      readonly available: number;
      readonly wanted: number;
      readonly evidence: Evidence;
    }
  /** Replicas of the new revision exited again and again without progress. */
  | { readonly kind: "crashLoop"; readonly exits: number; readonly evidence: Evidence }
  | { readonly kind: "holdFailed"; readonly hold: string; readonly detail: string }
  /** A metric was worse than allowed, or could not be had and had to be. */
  | {
      readonly kind: "analysisFailed";
      readonly waypoint: string;
      readonly metric: string;
      /** The figures. */
      readonly detail: string;
      readonly evidence: Evidence;
    }
  | {
      readonly kind: "hookFailed";
      readonly waypoint: string;
      readonly hook: string;
      readonly detail: string;
    }
  | { readonly kind: "aborted"; readonly by: string }
  | { readonly kind: "rolledBack"; readonly by: string }
  | { readonly kind: "replaced"; readonly by: string };
