import { HitlessError } from "../errors.ts";
import type { App, PendingRelease, Settings } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Release } from "../model/release.ts";
import { compile } from "../strategies/compile.ts";
import { startClock } from "./progress.ts";
import { turnBack } from "./turn-back.ts";

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
    overrides: {},
    releases: 0,
    ordered: null,
  };
}

/**
 * Asks for a release. It starts at once (to what is stable already: there is nothing to do), waits as
 * the one pending release (a newer one takes its place), or turns the running one back first (`replace`).
 * Throws REFUSED when the app is frozen, or busy under `reject`.
 */
export function requestRelease(
  app: App,
  request: PendingRelease,
  at: { now: number; by: string; busy: BusyPolicy },
): App {
  if (app.frozen !== null) {
    throw new HitlessError("REFUSED", `${app.name} is frozen: ${app.frozen.reason}`);
  }
  if (app.release === null && request.to === app.stable) return { ...app, pending: null };
  if (app.release === null) return begin({ ...app, pending: null }, request, at.now);
  const waiting = { ...app, pending: request };
  switch (at.busy) {
    case "queue":
      return waiting;
    case "replace":
      return turnBack(waiting, { kind: "replaced", by: at.by }, at.now);
    case "reject":
      throw new HitlessError("REFUSED", `release ${app.release.id} of ${app.name} is under way`, {
        next: "Wait for it, or say --if-busy queue or --if-busy replace.",
      });
  }
}

/** Starts the pending release once nothing else runs. */
export function startPending(app: App, now: number): Decision | null {
  const { pending } = app;
  if (app.release !== null || pending === null) return null;
  const rest = { ...app, pending: null };
  const why = { kind: "pendingStarted", to: pending.to } as const;
  if (pending.to === app.stable) return { kind: "advance", app: rest, why };
  return { kind: "advance", app: begin(rest, pending, now), why };
}

/** The revision that `rollback` without a number means: the newest below stable that has served. */
export function previousRevision(app: App): number | null {
  const below = app.served
    .slice(-app.settings.keepRevisions)
    .filter((n) => app.stable !== null && n < app.stable);
  return below.length === 0 ? null : Math.max(...below);
}

/**
 * A rollback never queues: a running release is turned back; when that does not lead to `to`, a
 * release to it follows at once.
 */
export function requestRollback(
  app: App,
  request: PendingRelease,
  at: { now: number; by: string },
): App {
  const { release } = app;
  if (release === null) return requestRelease(app, request, { ...at, busy: "queue" });
  const pending = request.to === release.from ? null : request;
  return turnBack({ ...app, pending }, { kind: "rolledBack", by: at.by }, at.now);
}

/** Sets the desired number; a command's number holds until the file's own number changes. */
export function setReplicas(app: App, replicas: number): App {
  return { ...app, desired: { ...app.desired, replicas, owner: "command" } };
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

function begin(app: App, request: PendingRelease, now: number): App {
  const id = app.releases + 1;
  const release: Release = {
    id,
    kind: request.kind,
    cause: request.cause,
    from: app.stable,
    to: request.to,
    plan: compile(app.settings.strategy, app.stable),
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
  };
  return { ...app, release, releases: id };
}
