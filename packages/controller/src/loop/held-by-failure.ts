import { courseOf, type Release, type Why } from "@hitless/core";

/** Whether something failed that must not turn the release back: only a person lets it go on. */
export function isHeldByFailure(release: Release, why: Why): boolean {
  const { effects = {}, analysis = {}, direction, waived, cursor } = release;
  if (why.kind !== "holdUndecided" || direction === "back") return false;
  // The reason may be older than what a person has said, and than the place.
  if (waived === "waypoint" || waived === "all") return false;
  if (courseOf(release)[cursor]?.id !== why.waypoint) return false;
  const failedHooks = Object.entries(effects).filter(([, { outcome }]) => outcome === "failed");
  return (
    analysis[why.hold]?.verdict === "failed" ||
    failedHooks.some(([key]) => key.includes(`/${why.waypoint}/${why.hold}`))
  );
}
