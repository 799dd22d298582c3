import type { Settings } from "../../model/app.ts";
import type { Verdict } from "../../model/observed.ts";
import type { IntentKind } from "../../model/release.ts";
import type { Behaviour } from "../fake-replica.ts";
import type { Fault } from "./faults.ts";
import type { Stage } from "./stage.ts";

/** What somebody does in a story. */
export type Act =
  /** `looked`: what the person saw is how things stood when the story began, or how they stand now. */
  | { readonly kind: "say"; readonly intent: IntentKind; readonly looked: "before" | "now" }
  | { readonly kind: "release"; readonly to: number; readonly busy: "queue" | "replace" | "reject" }
  | { readonly kind: "rollback"; readonly to: number }
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
 * killed so often, or at an instant.
 */
export type Cue =
  | { readonly kind: "death"; readonly nth: number }
  | { readonly kind: "stage"; readonly stage: Stage; readonly looks: number }
  | { readonly kind: "time"; readonly ms: number };

/** Acts that come at the same cue, in their order. */
export interface Happening {
  readonly cue: Cue;
  readonly acts: readonly Act[];
}

/** All that one seed decides: an app, what is released, and what happens meanwhile. Plain data. */
export interface Story {
  readonly seed: number;
  readonly settings: Settings;
  /** Whether nothing has ever been released. */
  readonly first: boolean;
  readonly schema: { readonly bakeMs: number } | null;
  /** Names of waypoints that have a hook, and whether it fails. */
  readonly hooks: readonly { readonly waypoint: number; readonly fails: boolean }[];
  readonly kept: { readonly replicas: number; readonly warm: boolean; readonly ms: number } | null;
  readonly minReadyMs: number;
  readonly slots: number | null;
  readonly routeMs: number;
  readonly jitterMs: number;
  readonly behaviour: Partial<Behaviour>;
  readonly tardy: boolean;
  /** What analyses and gates say, one look after the other; the last one stays. */
  readonly verdicts: readonly Verdict["verdict"][];
  readonly happenings: readonly Happening[];
  /** Whether somebody comes by now and then who resumes what is paused and skips what waits. */
  readonly keen: boolean;
  /** Whether in the end all that ails is cured and somebody lets everything pass. */
  readonly mends: boolean;
}
