import type { App } from "../model/app.ts";
import type { Why } from "../model/why.ts";
import { enoughOf } from "../strategies/rounding.ts";
import { limitsAt, type Position } from "./position.ts";
import { slowestOf } from "./progress.ts";
import { lackingFor, routeStands } from "./route-step.ts";
import { availableAt, type Facts, type Side, sideOf, type World } from "./world.ts";

/** What a position still lacks, and when that may change by itself. */
export interface Missing {
  readonly why: Why;
  readonly lookAgain: number | null;
}

/**
 * What keeps the position from being reached; null when nothing does. Forward, all of the arriving
 * side must be available; on the way back *enough* of it: a way back that waits for everything
 * would wait for ever on a machine that has just lost a replica.
 */
export function reached(
  app: App,
  position: Position,
  at: { world: World; facts: Facts },
): Missing | null {
  return (
    lacking(app, position, at) ?? unrouted(app, position, at.world) ?? leaving(position, at.world)
  );
}

function lacking(app: App, position: Position, at: { world: World; facts: Facts }): Missing | null {
  const revision = position.arriving ?? app.stable;
  if (revision === null) return null;
  const side = sideOf(at.world, revision);
  const target = position.targets.get(revision) ?? 0;
  const back = app.release?.direction === "back";
  const limits = limitsAt(app, position, at.world.now);
  const wanted = back ? Math.min(target, enoughOf(limits, app.desired.replicas)) : target;
  if (side.available >= wanted && side.level === target && !overfull(position, at.world))
    return null;
  const settling = side.replicas
    .map((r) => ({ id: r.id, until: availableAt(r, at.facts) ?? 0 }))
    .filter((r) => r.until > at.world.now)
    .sort((a, b) => a.until - b.until)[0];
  const deadlineAt = app.release?.progress.deadlineAt ?? null;
  if (settling !== undefined) {
    const { id, until } = settling;
    return { why: { kind: "settling", revision, replica: id, until }, lookAgain: until };
  }
  return {
    why: {
      ...waitedFor(position, at.world, { side, wanted }),
      deadlineAt: back ? null : deadlineAt,
    },
    lookAgain: back || deadlineAt === null || deadlineAt <= at.world.now ? null : deadlineAt,
  };
}

/**
 * The side whose replicas are not there: the arriving one, or, when enough of that one are, whoever
 * has to come up before another side may go.
 */
function waitedFor(position: Position, world: World, arriving: { side: Side; wanted: number }) {
  const { side, wanted } = arriving;
  if (side.available < wanted) return starting(side, wanted);
  for (const [revision, target] of position.targets) {
    const other = sideOf(world, revision);
    if (other.available < target) return starting(other, target);
  }
  return starting(side, wanted);
}

/** The route is not what the position wants, because somebody's share has not the replicas it needs. */
function unrouted(app: App, position: Position, world: World): Missing | null {
  if (app.desired.replicas === 0 || routeStands(app, position, world)) return null;
  const limits = limitsAt(app, position, world.now);
  const revision = lackingFor(app, position, { world, limits }) ?? position.arriving;
  if (revision === null) return null;
  const why = starting(sideOf(world, revision), position.targets.get(revision) ?? 0);
  return { why: { ...why, deadlineAt: null }, lookAgain: null };
}

function starting(side: Side, wanted: number) {
  const { revision, available } = side;
  return { kind: "starting", revision, available, wanted, slowest: slowestOf(side) } as const;
}

function overfull(position: Position, world: World): boolean {
  return [...position.targets].some(([revision, target]) => sideOf(world, revision).level > target);
}

function leaving(position: Position, world: World): Missing | null {
  if (position.waypoint.leavers === "unrouted") return null;
  const replicas = [...world.sides.values()]
    .flatMap((side) => side.replicas)
    .filter((r) => r.state === "draining")
    .map((r) => ({ id: r.id, inFlight: r.inFlight }));
  return replicas.length === 0 ? null : { why: { kind: "stopping", replicas }, lookAgain: null };
}
