import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import type { Failure } from "../model/failure.ts";
import type { Intent, Release } from "../model/release.ts";
import { restartClock, startClock } from "./progress.ts";
import { turnBack } from "./turn-back.ts";

/**
 * Applies what a person asked of the running release. What already holds is accepted and changes
 * nothing but the list of intents. Throws REFUSED when it makes no sense in the present state.
 */
export function applyIntent(app: App, intent: Intent): App {
  const { release } = app;
  if (release === null) {
    throw new HitlessError("REFUSED", `no release of ${app.name} is under way`, {
      next: "See `hitless status`.",
    });
  }
  const noted: Release = { ...release, intents: [...release.intents, intent] };
  return move({ ...app, release: noted }, noted, intent);
}

function move(app: App, release: Release, intent: Intent): App {
  const { by, at } = intent;
  switch (intent.kind) {
    case "abort":
      return back(app, { kind: "aborted", by }, at);
    case "rollback":
      return back(app, { kind: "rolledBack", by }, at);
    case "replace":
      return back(app, { kind: "replaced", by }, at);
    case "retry":
      return retry(app, release, at);
    case "pause":
      return forwardOnly(app, release, { paused: release.paused ?? { since: at, by } });
    case "resume":
      return resume(app, release, at);
    case "promote":
      return promote(app, release, at);
    case "skip":
      return forwardOnly(app, release, { waived: release.waived === "all" ? "all" : "waypoint" });
  }
}

/** Abort and rollback are reachable from every state; a rollback of what goes back already only adds a wish. */
function back(app: App, reason: Failure, at: number): App {
  return turnBack(app, reason, at);
}

function retry(app: App, release: Release, at: number): App {
  if (release.direction === "forward") {
    throw new HitlessError("REFUSED", `release ${release.id} is going forward already`);
  }
  const again: Release = {
    ...release,
    direction: "forward",
    reason: null,
    back: [],
    cursor: 0,
    enteredAt: at,
    reached: null,
    progress: { ...startClock(app, at), mark: -1, exits: 0 },
  };
  return { ...app, release: again };
}

/** A paused release goes on first: its clock stood still. */
function promote(app: App, release: Release, at: number): App {
  const going = resume(app, release, at).release ?? release;
  return forwardOnly(app, going, { waived: "all" });
}

function resume(app: App, release: Release, at: number): App {
  if (release.paused === null) return app;
  const awake = at - release.paused.since;
  const { reached } = release;
  const going: Release = {
    ...release,
    paused: null,
    reached: reached === null ? null : { ...reached, at: reached.at + awake },
  };
  return { ...app, release: restartClock(app, going, at) };
}

function forwardOnly(app: App, release: Release, change: Partial<Release>): App {
  if (release.direction === "back") {
    throw new HitlessError("REFUSED", `release ${release.id} is on its way back`, {
      next: "Wait until it is back, or say `hitless retry`.",
    });
  }
  return { ...app, release: { ...release, ...change } };
}
