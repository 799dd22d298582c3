import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Evidence, Failure } from "../model/failure.ts";
import type { MetricState } from "../model/metric.ts";
import type { ReplicaView } from "../model/observed.ts";
import type { Ordered, Progress, Release } from "../model/release.ts";
import type { Position } from "./position.ts";
import { type Side, sideOf, type World } from "./world.ts";

/** Exits of the new revision's replicas, without progress in between, that end a release. */
const exitsToGiveUp = 3;

/** Why the release has failed by now; null while it may still succeed, and on the way back. */
export function failureNow(release: Release, position: Position, world: World): Failure | null {
  if (release.direction === "back" || release.paused !== null || release.contracted) return null;
  const side = sideOf(world, release.to);
  const exits = side.exits - release.progress.exits;
  if (exits >= exitsToGiveUp)
    return { kind: "crashLoop", exits, evidence: evidenceOf(side, world) };
  const wanted = position.targets.get(release.to) ?? 0;
  if (!lags(side, wanted, world) || world.now < release.progress.deadlineAt) return null;
  return {
    kind: "progressDeadline",
    seconds: Math.round((release.progress.deadlineAt - release.progress.at) / 1000),
    available: side.available,
    wanted,
    evidence: evidenceOf(side, world),
  };
}

/**
 * Whether the arriving side is behind what it was told to be. A side that was not allowed to grow
 * yet (a barrier, the pace) is not late; one for which there is no room is.
 */
function lags(side: Side, wanted: number, world: World): boolean {
  if (side.available < Math.min(wanted, side.level)) return true;
  return side.available < wanted && !world.fits;
}

/**
 * Notes that more of the arriving side is available than ever before, or that one was lost when
 * all had been there, from when on the deadline counts anew; null when neither is so.
 */
export function progressed(app: App, position: Position, world: World): Decision | null {
  const { release } = app;
  if (release === null || position.arriving === null) return null;
  const side = sideOf(world, position.arriving);
  const { mark, exits } = release.progress;
  const wanted = position.targets.get(position.arriving) ?? 0;
  const lost = side.available < mark && mark >= Math.min(wanted, side.level);
  if (side.available <= mark && !lost) return null;
  // A replica that comes back while holds count is no progress to a crash loop.
  const kept = lost || release.reached !== null ? exits : side.exits;
  const progress = { ...startClock(app, world.now), mark: side.available, exits: kept };
  const { available } = side;
  return {
    kind: "advance",
    app: { ...app, release: { ...release, progress } },
    why: { kind: "progressed", available, wanted },
  };
}

/** The deadline counts from now; what was reached so far stays. */
export function restartClock(app: App, release: Release, now: number): Release {
  return { ...release, progress: { ...release.progress, ...startClock(app, now) } };
}

/** A clock that has just started. */
export function startClock(app: App, now: number): Pick<Progress, "at" | "deadlineAt"> {
  return { at: now, deadlineAt: now + app.settings.progressDeadlineSeconds * 1000 };
}

/**
 * Moves every deadline by a time in which nobody could watch: the machine slept, the clock
 * jumped, the controller was away. Negative after a jump back.
 */
export function extendDeadlines(app: App, gapMs: number): App {
  const moved = keptFrom(app, gapMs);
  const { release } = moved;
  if (release === null) return moved;
  const { progress } = release;
  return {
    ...moved,
    release: {
      ...release,
      startedAt: release.startedAt + gapMs,
      enteredAt: release.enteredAt + gapMs,
      reached: counting(release, (at) => at + gapMs),
      ...(release.paused === null ? measuredLater(release, gapMs) : {}),
      progress: { ...progress, at: progress.at + gapMs, deadlineAt: progress.deadlineAt + gapMs },
    },
  };
}

/**
 * Takes up an app that nobody watched since `lastSeen` (null: nobody knows since when): the
 * deadline counts from now, holds do not count the absence, what only the last controller ran is
 * ordered again, and a clock that was set back meanwhile keeps no revision for longer.
 */
export function takeUp(saved: App, lastSeen: number | null, now: number): App {
  const since = unaccountedSince(saved, lastSeen);
  const kept = keptFrom(saved, Math.min(0, now - (since ?? now)));
  const app = kept.ordered === null ? kept : { ...kept, ordered: reordered(kept.ordered) };
  const { release } = app;
  if (release === null && app === saved) return saved;
  const absence = lastSeen === null ? null : { from: lastSeen, to: now };
  if (release === null) return { ...app, absence };
  const going = restartClock(app, release, now);
  // What had passed while somebody watched stays, wherever the clock stands by now.
  const watchedFrom = (at: number) => (since === null ? 0 : Math.max(0, since - at));
  const reached = counting(release, (at) => now - watchedFrom(at));
  // Nobody knows for how long: what is due is measured at once.
  const away = since === null ? Math.min(0, now - lastDue(release)) : now - since;
  const measured = release.paused === null ? measuredLater(release, away) : {};
  return { ...app, absence, release: { ...going, reached, ...measured } };
}

/** The instants of what was measured, moved with those that they are compared with. */
export function measuredLater({ analysis }: Release, ms: number): Pick<Release, "analysis"> {
  if (analysis === undefined || ms === 0) return {};
  const moved = ({ dueAt, dataAt, ...state }: MetricState): MetricState => ({
    ...state,
    dueAt: dueAt + ms,
    dataAt: dataAt === null ? null : dataAt + ms,
  });
  const all = Object.entries(analysis).map(([name, state]) => [name, moved(state)] as const);
  return { analysis: Object.fromEntries(all) };
}

function lastDue({ analysis = {} }: Release): number {
  return Math.max(...Object.values(analysis).map(({ dueAt }) => dueAt), Number.NEGATIVE_INFINITY);
}

/** Who dies between taking an app up and its own first sign of life leaves the same absence again. */
function unaccountedSince({ absence }: App, lastSeen: number | null): number | null {
  return absence !== null && absence.from === lastSeen ? absence.to : lastSeen;
}

/**
 * What a successor makes of the last mutation. It sees nothing older than itself (clause 8 of the
 * engine's contract), and a token of before is worth nothing to an engine that was restored.
 */
function reordered(last: Ordered): Ordered | null {
  const { kind } = last.mutation;
  return kind === "hook" || kind === "migrate" ? null : { ...last, token: null };
}

/** The times until which revisions are kept, moved. */
function keptFrom(app: App, gapMs: number): App {
  if (app.kept.length === 0 || gapMs === 0) return app;
  return { ...app, kept: app.kept.map((k) => ({ ...k, until: k.until + gapMs })) };
}

/**
 * When the holds began to count, moved. While it is paused nothing counts, and `resume` needs the
 * two instants of one clock: when they began, and when the pause did.
 */
function counting(release: Release, move: (at: number) => number): Release["reached"] {
  const { reached, paused } = release;
  if (reached === null || paused !== null) return reached;
  return { ...reached, at: move(reached.at) };
}

/** The last words of the replica of a side that is furthest behind. */
export function evidenceOf(side: Side, world: World): Evidence {
  const replica = slowestOf(side);
  const exits = [replica?.lastExit, ...side.replicas.map((r) => r.lastExit)];
  return {
    replica: replica?.id ?? null,
    probe: replica?.lastProbe ?? null,
    exit: exits.find((exit) => exit !== null && exit !== undefined) ?? side.lastExit,
    lastLogLines: replica === null ? [] : (world.seen.lastLogLines[replica.id] ?? []),
  };
}

/** The replica that is furthest from being ready: the one to name. */
export function slowestOf(side: Side): ReplicaView | null {
  const order = ["failed", "starting", "ready"] as const;
  for (const state of order) {
    const found = side.replicas.find((r) => r.state === state);
    if (found !== undefined) return found;
  }
  return null;
}
