import type { App } from "../model/app.ts";
import type { Release } from "../model/release.ts";
import { type Preview, type RouteRule, routedRevisions } from "../model/route.ts";
import { type Roles, type RouteIntent, ruleFor } from "../model/route-intent.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { countOf, enoughOf, type Limits, limitsOf } from "../strategies/rounding.ts";
import { waypoint } from "../strategies/waypoint.ts";
import { sideOf, type World } from "./world.ts";

/** Where the app should stand now, in revision numbers. */
export interface Position {
  readonly waypoint: Waypoint;
  /** Level wanted per revision, for every revision that has or wants replicas. */
  readonly targets: ReadonlyMap<number, number>;
  readonly rule: RouteRule | null;
  /** Absent: no revision has an address of its own. */
  readonly preview?: Preview;
  /** The revision that grows; the deadline is about it. Null in steady state. */
  readonly arriving: number | null;
  /** The revision that a way back gives up: nothing about it is worth waiting for. */
  readonly givenUp: number | null;
}

const steady: Waypoint = waypoint("steady", { stable: 1, canary: 0 });

/** The waypoints of the direction a release moves in. */
export function courseOf(release: Release): readonly Waypoint[] {
  return release.direction === "forward" ? release.plan : release.back;
}

/** The waypoint at which a release stands or to which it moves; null past the last one. */
export function waypointOf(release: Release): string | null {
  return courseOf(release)[release.cursor]?.id ?? null;
}

/** How many times it has set out. A `retry` that was no news to it does not count. */
export function attemptOf({ attempt = 1 }: Release): number {
  return attempt;
}

/** The revision that a release moves towards at present. */
function arrivingOf(release: Release): number | null {
  return release.direction === "forward" ? release.to : release.from;
}

/** Steady state, a waypoint of the release, or its finish: all the same to what follows. */
export function positionOf(app: App, world: World): Position {
  const { release } = app;
  if (release === null) {
    const roles = { stable: app.stable, canary: null };
    return place(app, world, { waypoint: steady, roles, arriving: null });
  }
  const course = courseOf(release);
  const at = course[release.cursor];
  const arriving = arrivingOf(release);
  if (at !== undefined) {
    const roles = { stable: release.from, canary: release.to };
    return place(app, world, { waypoint: at, roles, arriving });
  }
  const last = course.at(-1) ?? steady;
  const finish: Waypoint = { ...steady, id: "finish", pace: last.pace, leavers: "stopped" };
  return place(app, world, {
    waypoint: finish,
    roles: { stable: arriving, canary: null },
    arriving,
  });
}

/**
 * The same position for a side that has more than anybody wants since the desired number fell:
 * what is above it can go whatever the route is, and may be in the way of what has to grow.
 */
export function atMost(position: Position, app: App, world: World): Position {
  const { rule, generation } = app.route;
  const known = world.route.accepted === generation;
  const answering = rule.kind === "byReplica" ? [] : routedRevisions(rule);
  const targets = [...position.targets].map(([revision, target]) => {
    // Who gets requests whatever its size, or may, keeps somebody to answer them.
    const least = answering.includes(revision) || !known ? 1 : 0;
    return [revision, Math.max(target, app.desired.replicas, least)] as const;
  });
  return { ...position, targets: new Map(targets) };
}

/**
 * Whole replicas of the position's pace. A way back on which stable does not come up for as long as
 * a release may take to make progress goes on with *enough* of it: one that waits for everybody
 * would leave a bad revision in service on a machine that has just lost a replica.
 */
export function limitsAt(app: App, position: Position, now: number): Limits {
  const desired = app.desired.replicas;
  const limits = limitsOf(position.waypoint.pace, desired);
  const { release } = app;
  const stuck = release?.direction === "back" && now >= release.progress.deadlineAt;
  if (!stuck) return limits;
  return { ...limits, minAvailable: Math.min(limits.minAvailable, enoughOf(limits, desired)) };
}

function place(
  app: App,
  world: World,
  at: Pick<Position, "waypoint" | "arriving"> & {
    readonly roles: { readonly stable: number | null; readonly canary: number | null };
  },
): Position {
  const { stable, canary } = at.roles;
  const desired = app.desired.replicas;
  const targets = new Map<number, number>();
  const keep = new Set(app.kept.filter((k) => k.warm).map((k) => k.revision));
  for (const side of world.sides.values()) {
    targets.set(side.revision, keep.has(side.revision) ? side.level : 0);
  }
  const want = (revision: number | null, count: Waypoint["replicas"]["stable"]) => {
    if (revision === null) return;
    const { level } = sideOf(world, revision);
    const wanted = countOf(count, desired, level);
    // What a waypoint before this one has left warm stays so for its time.
    const left = revision === app.release?.from && keep.has(revision);
    targets.set(revision, left ? Math.max(wanted, level) : wanted);
  };
  want(stable, at.waypoint.replicas.stable);
  want(canary, at.waypoint.replicas.canary);
  return {
    waypoint: at.waypoint,
    arriving: at.arriving,
    targets,
    rule: routeFor(at.waypoint.route, at.roles, desired),
    ...previewOf(at.waypoint, canary),
    givenUp: app.release?.direction === "back" ? app.release.to : null,
  };
}

function previewOf({ preview: port }: Waypoint, canary: number | null): Pick<Position, "preview"> {
  return port === undefined || canary === null ? {} : { preview: { port, revision: canary } };
}

/** With nobody to answer, requests wait for the side that should get most of them. */
function routeFor(intent: RouteIntent, roles: Roles, desired: number): RouteRule | null {
  const rule = ruleFor(intent, roles);
  if (desired > 0 || rule === null) return rule;
  switch (rule.kind) {
    case "byReplica":
      return rule;
    case "byWeight": {
      const [most] = [...rule.weights].sort((a, b) => b.weight - a.weight);
      return { kind: "byReplica", revisions: most === undefined ? [] : [most.revision] };
    }
    case "byMatch":
      return { kind: "byReplica", revisions: [rule.otherwise] };
  }
}
