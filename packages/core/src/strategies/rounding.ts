import type { Amount, Count, Pace } from "../model/waypoint.ts";

/** Whole replicas of a pace for a desired number. */
export interface Limits {
  /** Most replicas that may run, starting ones included, draining ones not. */
  readonly maxTotal: number;
  /** Fewest that must be available. */
  readonly minAvailable: number;
}

/**
 * Rounds a pace as Kubernetes does (`ResolveFenceposts`): surge up, unavailable down, and one
 * unavailable when both come to nothing, or no step could ever be made.
 */
export function limitsOf(pace: Pace, desired: number): Limits {
  const surge = resolve(pace.surge, desired, Math.ceil);
  const asked = resolve(pace.unavailable, desired, Math.floor);
  const unavailable = surge === 0 && asked === 0 ? 1 : asked;
  return { maxTotal: desired + surge, minAvailable: Math.max(0, desired - unavailable) };
}

/**
 * How many of the old side are enough on the way back: one less than all at most, or a machine
 * that has just lost a replica could not leave a bad revision.
 */
export function enoughOf(limits: Limits, desired: number): number {
  return Math.max(1, Math.min(limits.minAvailable, desired - 1));
}

function resolve(amount: Amount, desired: number, round: (n: number) => number): number {
  if (typeof amount === "number") return amount;
  return round(exact((Number.parseFloat(amount) * desired) / 100));
}

/**
 * Whole replicas of a count; shares are rounded up, so that a share above 0 is never nobody. A
 * fixed number is never more than the desired one: there would be no room for it.
 */
export function countOf(count: Count, desired: number, level: number): number {
  switch (count.kind) {
    case "share":
      return Math.ceil(exact(count.of * desired));
    case "fixed":
      return Math.min(count.n, desired);
    case "keep":
      return level;
  }
}

/** Without the dust of binary fractions: 0.07 of 100 is 7, and 8 would be one replica too many. */
function exact(n: number): number {
  return Number(n.toFixed(6));
}
