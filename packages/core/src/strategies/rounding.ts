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

function resolve(amount: Amount, desired: number, round: (n: number) => number): number {
  if (typeof amount === "number") return amount;
  return round((Number.parseFloat(amount) / 100) * desired);
}

/** Whole replicas of a count; shares are rounded up, so that a share above 0 is never nobody. */
export function countOf(count: Count, desired: number, level: number): number {
  switch (count.kind) {
    case "share":
      return Math.ceil(count.of * desired);
    case "fixed":
      return count.n;
    case "keep":
      return level;
  }
}
