import type { Settings } from "../../model/app.ts";
import type { Verdict } from "../../model/observed.ts";
import type { IntentKind } from "../../model/release.ts";
import type { Behaviour } from "../fake-replica.ts";
import type { Fault } from "./faults.ts";
import type { Stage } from "./stage.ts";

/** What somebody does in a story. */
export type Act =
  /** `looked`: what the person saw is how things stood when the story began, or how they stand now. */
  | {
      readonly kind: "say";
      readonly intent: IntentKind;
      readonly looked: "before" | "now";
      /** Of `promote`; absent: one approval. */
      readonly full?: boolean;
    }
  | {
      readonly kind: "release";
      readonly to: number;
      readonly busy: "queue" | "replace" | "reject";
      /** It waits for no window; absent: it does. */
      readonly anytime?: boolean;
    }
  | { readonly kind: "restart"; readonly to: number }
  | { readonly kind: "freeze" | "unfreeze" }
  /** What waits need wait for no window any more. */
  | { readonly kind: "anytime" }
  /** `to` null: to the last revision that was healthy. */
  | { readonly kind: "rollback"; readonly to: number | null }
  | { readonly kind: "scale"; readonly to: number }
  | { readonly kind: "settings"; readonly settings: Settings }
  | {
      readonly kind: "fault";
      readonly fault: Fault;
      /** Of a sickness: whose replicas. */
      readonly side: "stable" | "canary";
      /** How long it lasts, how late it is, how far the clock jumps or how long nobody is there. */
      readonly ms: number;
    };

/**
 * When it is done: at the first look at that stage or so many later, when the controller has been
 * killed so often, at an instant, while a
 * side is warm, while it is frozen, or while something is felt.
 */
export type Cue =
  | { readonly kind: "death"; readonly nth: number }
  | { readonly kind: "stage"; readonly stage: Stage; readonly looks: number }
  | { readonly kind: "time"; readonly ms: number }
  /** Nothing is under way and a revision is kept warm; `late`: its time has just come to an end. */
  | { readonly kind: "warm"; readonly late: boolean }
  /** No release may begin, for so many looks. */
  | { readonly kind: "frozen"; readonly looks: number }
  /** That fault is felt. */
  | { readonly kind: "felt"; readonly fault: Fault };

/** Acts that come at the same cue, in their order. */
export interface Happening {
  readonly cue: Cue;
  readonly acts: readonly Act[];
}

/** A measurement: on the good side, on the wrong one, or none to be had. The last one of a course stays. */
export type Measured = "good" | "bad" | "none";

/** By which clock a story goes, and what time it is when it begins. */
export interface Place {
  /** An IANA name. */
  readonly zone: string;
  /** Ms since the epoch. */
  readonly startsAt: number;
}

/** All that one seed decides: an app, what is released, and what happens meanwhile. Plain data. */
export interface Story {
  readonly seed: number;
  /** Null where there are no release windows. */
  readonly place: Place | null;
  /** For how long many requests come, ms. */
  readonly busyMs: number;
  readonly settings: Settings;
  /** Whether nothing has ever been released. */
  readonly first: boolean;
  readonly schema: { readonly bakeMs: number } | null;
  readonly kept: { readonly replicas: number; readonly warm: boolean; readonly ms: number } | null;
  readonly minReadyMs: number;
  readonly slots: number | null;
  readonly routeMs: number;
  readonly jitterMs: number;
  readonly behaviour: Partial<Behaviour>;
  readonly tardy: boolean;
  /** What gates say, one look after the other; the last one stays. */
  readonly verdicts: readonly Verdict["verdict"][];
  /** What the sources of the metrics say, by the place of their name in `metricNames`. */
  readonly courses: readonly (readonly Measured[])[];
  readonly happenings: readonly Happening[];
  /** Whether somebody comes by now and then who resumes what is paused and skips what waits. */
  readonly keen: boolean;
  /** Whether in the end all that ails is cured and somebody lets everything pass. */
  readonly mends: boolean;
}
