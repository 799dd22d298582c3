import { type App, courseOf, heldByHook, type Release, type Why } from "@hitless/core";

/** Whether something failed that must not turn the release back: only a person lets it go on. */
export function isHeldByFailure(app: App, release: Release, why: Why): boolean {
  const { analysis = {}, direction, waived, cursor } = release;
  if (why.kind !== "holdUndecided" || direction === "back") return false;
  // The reason may be older than what a person has said, and than the place.
  if (waived === "waypoint" || waived === "all") return false;
  const at = courseOf(release)[cursor];
  if (at?.id !== why.waypoint) return false;
  const hook = heldByHook(app, release, at);
  return analysis[why.hold]?.verdict === "failed" || hook?.name === why.hold;
}
