import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import type { Failure } from "../model/failure.ts";
import type { Already } from "../model/happened.ts";
import type { Intent, IntentKind, Release, ReleaseRecord } from "../model/release.ts";
import { releaseMeant, tooLate } from "./meant-for.ts";
import { heldByHook, wayOut } from "./outside-step.ts";
import { attemptOf, waypointOf } from "./position.ts";
import { measuredLater, restartClock, startClock } from "./progress.ts";
import { contracted, turnBack } from "./turn-back.ts";

/**
 * Applies what a person asked of the running release. What already holds is accepted and changes
 * nothing but the list of intents. `past` are the rows of the history, to say what happened instead.
 *
 * Throws OVERTAKEN when another release runs than the one that was meant, or that one has turned
 * since. What lets something through (promote, skip) has to be meant for the present waypoint as
 * well; what only stops or turns does not: an abort must not fail because a step was taken a
 * moment ago. Throws REFUSED when it made no sense from the start.
 */
export function applyIntent(app: App, intent: Intent, past: readonly ReleaseRecord[] = []): App {
  if (intent.kind === "abort" && waits(app, intent)) return { ...app, pending: null };
  const release = releaseMeant(app, intent.meantFor, { now: intent.at, past });
  const noted = withIntent(release, intent);
  return move({ ...app, release: noted }, noted, intent);
}

/** The release that was meant has not begun: aborted, it never does. */
function waits({ pending }: App, { meantFor }: Intent): boolean {
  return pending !== null && pending.id === meantFor.release;
}

/** The release with what was asked of it noted. */
function withIntent(release: Release, intent: Intent): Release {
  return { ...release, intents: [...release.intents, intent] };
}

/** What such an intent asks for and is so already; null when it would change something. */
export function alreadySo(app: App, kind: IntentKind): Already | null {
  const { release } = app;
  if (release === null) return null;
  const { direction, reason, paused } = release;
  switch (kind) {
    case "abort":
    case "rollback":
    case "replace":
      return direction === "back" ? { kind: "turnedBack", reason } : null;
    case "pause":
      return paused === null ? null : { kind: "paused", by: paused.by };
    case "resume":
    case "retry":
      if (direction === "back" || paused !== null) return null;
      return { kind: "goesForward", by: lastBy(release, kind) };
    case "promote":
    case "skip":
      return null;
  }
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
      return retry(app, release, intent);
    case "pause":
      return forwardOnly(app, release, {
        intent,
        change: { paused: release.paused ?? { since: at, by } },
      });
    case "resume":
      refuseBack(release, intent);
      return resume(app, release, at);
    case "promote":
      return promote(app, release, intent);
    case "skip":
      return skip(app, release, intent);
  }
}

/** Reachable from every state before `contract`; on the way back they change nothing more. */
function back(app: App, reason: Failure, at: number): App {
  if (app.release?.contracted) throw contracted(app.release);
  return turnBack(app, reason, at);
}

/** Goes forward again; whoever retries what somebody else has retried has what they want. */
function retry(app: App, release: Release, intent: Intent): App {
  const { at, meantFor } = intent;
  if (release.direction === "forward") {
    const by = lastBy(release, "retry", intent);
    if (by !== null) return app;
    throw tooLate({
      happened: { kind: "goesForward", release: release.id, by },
      meantFor,
      now: at,
      next: "There is nothing to try again. See `hitless status`.",
    });
  }
  // It turned back after they looked: why is news to them.
  if (meantFor.direction !== "back") refuseBack(release, intent);
  const again: Release = {
    ...release,
    direction: "forward",
    attempt: attemptOf(release) + 1,
    reason: null,
    back: [],
    cursor: 0,
    enteredAt: at,
    reached: null,
    progress: { ...startClock(app, at), mark: -1, exits: 0 },
  };
  return { ...app, release: again };
}

/** Said at `contract` it counts there, whatever `promote` waived before. */
function skip(app: App, release: Release, intent: Intent): App {
  refuseMoved(release, intent);
  const guarded = release.plan[release.cursor]?.schema === "contract";
  const all = release.waived === "all" && !guarded;
  return forwardOnly(app, release, { intent, change: { waived: all ? "all" : "waypoint" } });
}

/**
 * Lets pass what waits for a person, and time and requests with it, never a measurement; in full, all
 * to the end. A paused release goes on first: its clock stood still.
 */
function promote(app: App, release: Release, intent: Intent): App {
  refuseMoved(release, intent);
  if (intent.full !== true && release.paused === null) refuseUnasked(app, release);
  const going = resume(app, release, intent.at).release ?? release;
  const more = release.waived === "waypoint" || release.waived === "all";
  const waived = intent.full === true ? "all" : more ? release.waived : "approved";
  return forwardOnly(app, going, { intent, change: { waived } });
}

/** Nobody is asked for their word there. */
function refuseUnasked(app: App, release: Release): void {
  const at = release.plan[release.cursor];
  const failed = at === undefined ? null : heldByHook(app, release, at);
  if (failed !== null) {
    const { waypoint, name, detail } = failed;
    throw new HitlessError(
      "REFUSED",
      `release ${release.id} is held: hook ${name} failed at "${waypoint}": ${detail}`,
      { next: `${wayOut}; while it goes back, \`hitless retry\` runs it again.` },
    );
  }
  const kinds = at?.hold.map((hold) => hold.kind) ?? [];
  if (kinds.some((kind) => kind === "approval" || kind === "time" || kind === "requests")) return;
  const waits = kinds.length === 0 ? "nothing but its replicas" : kinds.join(", ");
  throw new HitlessError(
    "REFUSED",
    `waypoint "${at?.id ?? "finish"}" of release ${release.id} waits for ${waits}, not for a person`,
    {
      next: "`hitless skip` goes on without what it waits for; `hitless promote --full` goes to the end.",
    },
  );
}

function resume(app: App, release: Release, at: number): App {
  if (release.paused === null) return app;
  const awake = at - release.paused.since;
  const { reached } = release;
  const going: Release = {
    ...release,
    ...measuredLater(release, awake),
    paused: null,
    reached: reached === null ? null : { ...reached, at: reached.at + awake },
  };
  return { ...app, release: restartClock(app, going, at) };
}

function forwardOnly(
  app: App,
  release: Release,
  asked: { readonly intent: Intent; readonly change: Partial<Release> },
): App {
  refuseBack(release, asked.intent);
  return { ...app, release: { ...release, ...asked.change } };
}

function refuseBack(release: Release, { meantFor, at }: Intent): void {
  const { id, direction, reason } = release;
  if (direction === "forward") return;
  const happened = { kind: "turnedBack", release: id, reason } as const;
  throw tooLate({ happened, meantFor, now: at });
}

/** What was meant to let one waypoint pass must not let another one pass. */
function refuseMoved(release: Release, intent: Intent): void {
  refuseBack(release, intent);
  const { meantFor, at } = intent;
  const to = waypointOf(release);
  if (meantFor.waypoint === to) return;
  const happened = { kind: "movedOn", release: release.id, from: meantFor.waypoint, to } as const;
  throw tooLate({ happened, meantFor, now: at });
}

/** Who said it last, `but` for the intent at hand; null when nobody did. */
function lastBy(release: Release, kind: IntentKind, but?: Intent): string | null {
  const said = release.intents.filter((i) => i.kind === kind && i !== but);
  return said.at(-1)?.by ?? null;
}
