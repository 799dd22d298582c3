import type { Scale } from "../model/mutation.ts";
import type { Limits } from "../strategies/rounding.ts";
import type { Position } from "./position.ts";
import { type Side, sideOf, type World } from "./world.ts";

/**
 * The next change of one level, or null when pace allows none now. Growing comes before
 * shrinking, the arriving side before the others (Kubernetes' deployment controller does the same).
 */
export function growthStep(position: Position, world: World, limits: Limits): Scale | null {
  const total = totalOf(world);
  for (const [revision, target] of arrivingFirst(position)) {
    const { level } = sideOf(world, revision);
    const room = Math.max(0, limits.maxTotal - total);
    const replicas = Math.min(target, level + room);
    if (replicas > level) return { kind: "scale", revision, replicas };
  }
  return null;
}

/**
 * Takes replicas from a side that has too many: available ones only as long as enough remain, the
 * others only as long as enough could be available again. Unready is not gone: a database that
 * blinks makes a whole side unready, and taking that away would turn a blink into an outage. (The
 * bound is that of Kubernetes' `reconcileOldReplicaSets`.) What a way back gives up goes at once.
 */
export function shrinkStep(position: Position, world: World, limits: Limits): Scale | null {
  const arriving = position.arriving === null ? 0 : unavailableOf(sideOf(world, position.arriving));
  const replaceable = Math.max(0, totalOf(world) - limits.minAvailable - arriving);
  const spare = Math.max(0, sum(world, (side) => side.available) - limits.minAvailable);
  for (const [revision, target] of position.targets) {
    const side = sideOf(world, revision);
    const surplus = side.level - target;
    if (surplus <= 0) continue;
    // The arriving side shrinks only when fewer are wanted altogether.
    const free = revision === position.givenUp || revision === position.arriving;
    const bound = free ? surplus : Math.min(surplus, replaceable);
    const idle = Math.min(bound, unavailableOf(side));
    const taken = Math.min(surplus, idle + spare);
    if (taken > 0) return { kind: "scale", revision, replicas: side.level - taken };
  }
  return null;
}

/** Replicas that run or will, draining ones left out. */
function totalOf(world: World): number {
  return sum(world, (side) => Math.max(side.live, side.level));
}

/** Replicas of a side that count for nothing: starting, failed, or not yet there. */
export function unavailableOf(side: Side): number {
  return Math.max(0, side.level - side.available);
}

/** Over all revisions that take part: those that are only kept warm do not. */
export function sum(world: World, of: (side: Side) => number): number {
  let total = 0;
  for (const side of world.sides.values()) {
    if (!world.parked.has(side.revision)) total += of(side);
  }
  return total;
}

function arrivingFirst(position: Position): readonly (readonly [number, number])[] {
  const entries = [...position.targets];
  return [
    ...entries.filter(([revision]) => revision === position.arriving),
    ...entries.filter(([revision]) => revision !== position.arriving),
  ];
}
