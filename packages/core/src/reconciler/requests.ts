import { HitlessError } from "../errors.ts";
import type { App, PendingRelease, Settings } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { MaintenanceRequest } from "../model/maintenance.ts";
import type { Known } from "../model/observed.ts";
import type { Intent, MeantFor, Release, ReleaseRecord } from "../model/release.ts";
import { compile } from "../strategies/compile.ts";
import type { WindowClock } from "../windows/window-state.ts";
import { refuseFrozen } from "./freeze.ts";
import { applyIntent } from "./intents.ts";
import { unknownRate, whyNotNow } from "./may-begin.ts";
import { newestRelease, standOf, tooLate, whatBecameOf } from "./meant-for.ts";
import { startClock } from "./progress.ts";

/** What to do with a release that is asked for while another one runs. */
export const busyPolicies = ["queue", "replace", "reject"] as const;
export type BusyPolicy = (typeof busyPolicies)[number];

/** An app that has never been released. */
export function newApp(name: string, settings: Settings): App {
  return {
    name,
    settings,
    desired: { replicas: settings.replicas, owner: "file", fileReplicas: settings.replicas },
    stable: null,
    served: [],
    kept: [],
    route: { generation: 0, rule: { kind: "byReplica", revisions: [] } },
    release: null,
    pending: null,
    frozen: null,
    maintenance: null,
    overrides: {},
    releases: 0,
    revisions: 0,
    ended: 0,
    ordered: null,
    absence: null,
  };
}

/** What somebody asks to be released; it gets its number when it is accepted. */
export type ReleaseRequest = Omit<PendingRelease, "id" | "by">;

/**
 * Asks for a release. It starts at once (to what is stable already: there is nothing to do), waits as
 * the one pending release (a newer one takes its place) for its turn or its time, or turns the running
 * one back first (`replace`). Throws REFUSED when the app is frozen, or busy under `reject`.
 */
export function requestRelease(
  before: App,
  request: ReleaseRequest,
  at: { now: number; by: string; busy: BusyPolicy; rate?: Known<number> },
): App {
  if (request.kind !== "rollback") refuseFrozen(before);
  const { release } = before;
  if (release === null && request.to === before.stable) return { ...before, pending: null };
  const app = { ...before, revisions: Math.max(before.revisions, request.to) };
  if (release === null) return beginOrWait(app, request, at);
  switch (at.busy) {
    case "queue":
      return queue(app, request, at.by);
    case "replace": {
      // Which cannot turn back any more.
      if (release.contracted) return queue(app, request, at.by);
      const { now, by } = at;
      const intent: Intent = { kind: "replace", by, at: now, meantFor: standOf(release) };
      return applyIntent(queue(app, request, by), intent);
    }
    case "reject":
      throw new HitlessError("REFUSED", `release ${release.id} of ${app.name} is under way`, {
        next: "Wait for it, or say --if-busy queue or --if-busy replace.",
      });
  }
}

/** The release that waited and does not any more, without having begun; null when there is none. */
export function droppedBetween(before: App, after: App): PendingRelease | null {
  const { pending } = before;
  if (pending === null || after.pending?.id === pending.id) return null;
  return after.release?.id === pending.id ? null : pending;
}

/** Starts the pending release once nothing else runs and it may begin. */
export function startPending(app: App, at: WindowClock): Decision | null {
  const { pending } = app;
  if (app.release !== null || pending === null || whyNotNow(app, pending, at) !== null) return null;
  const why = { kind: "pendingStarted", to: pending.to } as const;
  if (pending.to === app.stable) return { kind: "advance", app: { ...app, pending: null }, why };
  return { kind: "advance", app: begin(app, pending, at.now), why };
}

/** Lets the release that waits begin at any time; it says who wanted that in the audit log. */
export function hurryPending(app: App): App {
  const { pending } = app;
  if (pending === null || pending.anytime === true) return app;
  return { ...app, pending: { ...pending, anytime: true } };
}

/**
 * The revision that `rollback` without a number means: the last one below stable that has served and
 * that nobody has rolled back from.
 */
export function previousRevision(app: App): number | null {
  const { served, stable, settings, distrusted = [] } = app;
  const healthy = served
    .slice(-settings.keepRevisions)
    .filter((n) => stable !== null && n < stable && !distrusted.includes(n));
  return healthy.at(-1) ?? null;
}

/**
 * A rollback never queues: a running release is turned back; when that does not lead to `to`, a
 * release to it follows at once. What waited is dropped: on a bad day nothing else must begin.
 * Throws OVERTAKEN when another release is the newest than the one that was meant, REFUSED when that
 * has contracted the schema.
 */
export function requestRollback(
  app: App,
  request: ReleaseRequest,
  at: {
    readonly now: number;
    readonly by: string;
    readonly meantFor: MeantFor;
    readonly past: readonly ReleaseRecord[];
  },
): App {
  const { now, by, meantFor, past } = at;
  if (app.release === null) {
    refuseOlder(app, at);
    return requestRelease(app, request, { now, by, busy: "queue" });
  }
  const turned = applyIntent(app, { kind: "rollback", by, at: now, meantFor }, past);
  const rest = { ...turned, pending: null };
  return request.to === app.release.from ? rest : queue(rest, request, by);
}

/** Without a release under way it goes back from what the newest one has led to. */
function refuseOlder(
  app: App,
  { now, meantFor, past }: Parameters<typeof requestRollback>[2],
): void {
  const newest = newestRelease(app, past);
  if (newest.release === meantFor.release && meantFor.direction === "ended") return;
  const happened = whatBecameOf(app, newest.release, past);
  throw tooLate({ happened, meantFor, now });
}

/** Sets the desired number; a command's number holds until the file's own number changes. */
export function setReplicas(app: App, replicas: number): App {
  const owner = replicas === app.desired.fileReplicas ? "file" : "command";
  return { ...app, desired: { ...app.desired, replicas, owner } };
}

/** Keeps requests from the app, or no longer. Said again while it is on, it goes on with what is said now. */
export function setMaintenance(
  app: App,
  request: MaintenanceRequest,
  at: { readonly now: number; readonly by: string },
): App {
  const { maintenance } = app;
  if (request.kind === "off") return maintenance === null ? app : { ...app, maintenance: null };
  const { holdMs, message } = request;
  if (maintenance?.holdMs === holdMs && maintenance.message === message) return app;
  const since = maintenance?.since ?? at.now;
  return { ...app, maintenance: { by: at.by, since, holdMs, message } };
}

/** Gives the desired number back to the file. */
export function replicasFromFile(app: App): App {
  return setReplicas(app, app.desired.fileReplicas);
}

/** Takes over new settings from the file. */
export function changeSettings(app: App, settings: Settings): App {
  const { desired } = app;
  const fileSpoke = settings.replicas !== desired.fileReplicas;
  const replicas = fileSpoke ? settings.replicas : desired.replicas;
  return {
    ...app,
    settings,
    desired: {
      replicas,
      owner: fileSpoke ? "file" : desired.owner,
      fileReplicas: settings.replicas,
    },
  };
}

function numbered(app: App, request: ReleaseRequest, by: string): PendingRelease {
  return { ...request, id: app.releases + 1, by };
}

function queue(app: App, request: ReleaseRequest, by: string): App {
  const pending = numbered(app, request, by);
  return { ...app, pending, releases: pending.id };
}

/** A restart takes nobody's place: what waits for its time waits on. */
function beginOrWait(
  app: App,
  request: ReleaseRequest,
  at: { readonly now: number; readonly by: string; readonly rate?: Known<number> },
): App {
  const { now, by, rate = unknownRate } = at;
  const asked = numbered(app, request, by);
  if (whyNotNow(app, asked, { now, rate }) !== null) return queue(app, request, by);
  const begun = begin(app, asked, now);
  return request.kind === "restart" ? { ...begun, pending: app.pending } : begun;
}

function begin(app: App, request: PendingRelease, now: number): App {
  const { id } = request;
  const release: Release = {
    id,
    kind: request.kind,
    cause: request.cause,
    from: app.stable,
    to: request.to,
    plan: compile(app.settings, { from: app.stable, warm: isWarm(app, request, now) }),
    back: [],
    cursor: 0,
    direction: "forward",
    reason: null,
    intents: [],
    paused: null,
    startedAt: now,
    enteredAt: now,
    reached: null,
    progress: { ...startClock(app, now), mark: -1, exits: 0 },
    waived: "none",
    contracted: false,
  };
  // Who takes part is no longer only kept.
  const kept = app.kept.filter((k) => k.revision !== request.to);
  return { ...app, pending: null, kept, release, releases: Math.max(app.releases, id) };
}

/** Whether it goes back to a side that still runs: what it went through before it has behind it. */
function isWarm(app: App, { kind, to }: PendingRelease, now: number): boolean {
  // Past its time it may be gone, whatever is noted.
  const runs = app.kept.some((k) => k.warm && k.revision === to && k.until > now);
  return kind === "rollback" && runs;
}
