import type { Failure } from "./failure.ts";
import type { Outcome } from "./release.ts";

/** How a release ended, and when in milliseconds since the epoch. */
export interface Ended {
  readonly outcome: Outcome;
  readonly at: number;
}

/** What has become of the release that somebody meant: why what they say comes too late or makes no sense. */
export type Happened =
  /** There has been none. */
  | { readonly kind: "noneYet" }
  /** No release has had that number yet; `newest` is the last that was given. */
  | { readonly kind: "unknown"; readonly release: number; readonly newest: number }
  /** `ended` is null when its row of the history is not there. */
  | { readonly kind: "ended"; readonly release: number; readonly ended: Ended | null }
  /** Another one is under way. */
  | {
      readonly kind: "another";
      readonly underWay: number;
      readonly meant: number;
      readonly ended: Ended | null;
    }
  /** It waits for the one under way to end. */
  | { readonly kind: "queued"; readonly release: number; readonly underWay: number | null }
  /** It is on its way back. */
  | { readonly kind: "turnedBack"; readonly release: number; readonly reason: Failure | null }
  /** It was on its way back and goes forward again; `by` is null when it has never turned back. */
  | { readonly kind: "goesForward"; readonly release: number; readonly by: string | null }
  | {
      readonly kind: "movedOn";
      readonly release: number;
      readonly from: string | null;
      readonly to: string | null;
    };

/** What an intent asks for and is so already, and by whose doing. */
export type Already =
  | { readonly kind: "turnedBack"; readonly reason: Failure | null }
  | { readonly kind: "paused"; readonly by: string }
  /** `by` is null when nobody has paused it or turned it back. */
  | { readonly kind: "goesForward"; readonly by: string | null };
