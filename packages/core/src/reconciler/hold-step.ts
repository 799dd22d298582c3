import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Reached, Release } from "../model/release.ts";
import type { Hold, Waypoint } from "../model/waypoint.ts";
import { lookAgainMs, wait } from "./decide.ts";
import { turnBackDecision } from "./turn-back.ts";
import type { World } from "./world.ts";

type HoldState =
  | { readonly kind: "open" }
  | { readonly kind: "closed"; readonly detail: string; readonly lookAgain: number }
  | { readonly kind: "undecided"; readonly detail: string }
  | { readonly kind: "failed"; readonly detail: string };

/** The verdicts that a waypoint's holds wait for. */
export function pendingVerdicts(waypoint: Waypoint): readonly string[] {
  return waypoint.hold.flatMap((h) => (h.kind === "analysis" || h.kind === "gate" ? [h.name] : []));
}

/** What the holds of a reached waypoint say; null when all are open or waived. */
export function holdStep(app: App, waypoint: Waypoint, world: World): Decision | null {
  const { release } = app;
  if (release === null || waypoint.hold.length === 0 || waived(release, waypoint)) return null;
  if (release.reached === null) return beginHolds(app, release, { waypoint, world });
  for (const hold of waypoint.hold) {
    const state = stateOf(hold, { release, reached: release.reached, world });
    if (state.kind === "open") continue;
    if (state.kind === "failed")
      return failed(app, waypoint, { hold, world, detail: state.detail });
    const why = { waypoint: waypoint.id, hold: nameOf(hold), detail: state.detail };
    return state.kind === "closed"
      ? wait({ kind: "held", ...why }, state.lookAgain)
      : wait({ kind: "holdUndecided", ...why }, world.now + lookAgainMs);
  }
  return null;
}

/**
 * `promote` waives all but what guards a step that cannot be undone: that takes a `skip` said there,
 * which is recorded.
 */
function waived(release: Release, waypoint: Waypoint): boolean {
  return (
    release.waived === "waypoint" || (release.waived === "all" && waypoint.schema !== "contract")
  );
}

function beginHolds(
  app: App,
  release: Release,
  at: { waypoint: Waypoint; world: World },
): Decision {
  const { world, waypoint } = at;
  const { requests } = world.seen;
  const counts = waypoint.hold.some((hold) => hold.kind === "requests");
  if (counts && requests.kind === "unknown") {
    // Counted from zero, the requests of earlier waypoints would open the hold at once.
    const { reason, since } = requests;
    const why = { kind: "unobservable", what: "requests", reason, since } as const;
    return wait(why, world.now + lookAgainMs);
  }
  const reached = { at: world.now, requests: world.requests[release.to] ?? 0 };
  return {
    kind: "advance",
    app: { ...app, release: { ...release, reached } },
    why: { kind: "waypointReached", waypoint: waypoint.id },
  };
}

function stateOf(hold: Hold, at: { release: Release; reached: Reached; world: World }): HoldState {
  const { now, requests, seen } = at.world;
  switch (hold.kind) {
    case "time": {
      const until = at.reached.at + hold.ms;
      if (now >= until) return { kind: "open" };
      return {
        kind: "closed",
        detail: `${Math.ceil((until - now) / 1000)} s left`,
        lookAgain: until,
      };
    }
    case "requests": {
      if (seen.requests.kind === "unknown") {
        return { kind: "undecided", detail: seen.requests.reason };
      }
      const answered = (requests[at.release.to] ?? 0) - at.reached.requests;
      if (answered >= hold.n) return { kind: "open" };
      const detail = `${answered} of ${hold.n} requests`;
      return { kind: "closed", detail, lookAgain: now + lookAgainMs };
    }
    case "approval":
      return {
        kind: "closed",
        detail: "waits for `hitless promote`",
        lookAgain: now + lookAgainMs,
      };
    case "analysis":
    case "gate": {
      const verdict = seen.verdicts[hold.name];
      if (verdict?.verdict === "successful") return { kind: "open" };
      if (verdict?.verdict === "failed") return { kind: "failed", detail: verdict.detail };
      return { kind: "undecided", detail: verdict?.detail ?? "no verdict yet" };
    }
  }
}

function failed(
  app: App,
  waypoint: Waypoint,
  at: { hold: Hold; world: World; detail: string },
): Decision {
  const { hold, world, detail } = at;
  if (waypoint.onFail === "back") {
    return turnBackDecision(app, { kind: "holdFailed", hold: nameOf(hold), detail }, world.now);
  }
  const why = { waypoint: waypoint.id, hold: nameOf(hold), detail: `failed: ${detail}` };
  return wait({ kind: "holdUndecided", ...why }, world.now + lookAgainMs);
}

function nameOf(hold: Hold): string {
  return hold.kind === "analysis" || hold.kind === "gate" ? hold.name : hold.kind;
}
