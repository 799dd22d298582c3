import { type Hold, limitsOf, type Waypoint } from "@hitless/core";
import { roundsBack, type Stand, standsOf } from "./stands.ts";
import { type ExpectedVerdict, verdictsOf } from "./verdicts.ts";

/** What is known of an app before it is released. */
export interface AppFacts {
  readonly replicas: number;
  /** Bytes that a replica may have; null: unlimited. */
  readonly memoryBytes: number | null;
  /** Until a replica is ready, seconds. */
  readonly startSeconds: number;
  /** Whether that is what the present replicas took. */
  readonly startMeasured: boolean;
  /** Requests per second; null: unknown. */
  readonly rate: number | null;
}

/** What a release by such a plan costs the app. */
export interface PlanCosts {
  /** More than usually run, at the most. */
  readonly extraReplicas: number;
  readonly extraMemoryBytes: number | null;
  /** At least: replicas that start, times that are held, requests that are waited for at this rate. */
  readonly seconds: number;
  /** So many times it waits for a person. */
  readonly approvals: number;
  /** Until stable has all requests again, before the old side is given up; 0: one route change. */
  readonly backSeconds: number;
  /** How long the way back is one route change after the release, seconds. */
  readonly warmSeconds: number;
  /** Requests that meet a bad version until a metric turns it back; null: no metric does, or who they are is not known. */
  readonly exposed: number | null;
  /** Whether any metric judges the canary. */
  readonly judged: boolean;
  /** For how long nobody serves, seconds. */
  readonly downSeconds: number;
}

export function costsOf(waypoints: readonly Waypoint[], facts: AppFacts): PlanCosts {
  const { replicas, startSeconds, memoryBytes, rate } = facts;
  const stands = standsOf(waypoints, replicas);
  const verdicts = verdictsOf(stands, rate);
  const extraReplicas = Math.max(0, ...stands.map((stand) => stand.peak - replicas));
  const starts = stands.reduce((sum, stand) => sum + stand.rounds, 0);
  const held = stands.reduce((sum, stand) => sum + heldSeconds(stand, rate, verdicts), 0);
  const back = stands.filter((_, n) => !isGivenUp(stands, n)).map((s) => roundsBack(s, replicas));
  return {
    extraReplicas,
    extraMemoryBytes: memoryBytes === null ? null : extraReplicas * memoryBytes,
    seconds: starts * startSeconds + held,
    approvals: waypoints.filter((w) => w.hold.some((hold) => hold.kind === "approval")).length,
    backSeconds: Math.max(0, ...back) * startSeconds,
    warmSeconds: Math.max(0, ...waypoints.map((w) => w.keepWarmMs ?? 0)) / 1000,
    exposed: exposedTo(stands, rate, verdicts),
    judged: waypoints.some((w) => (w.metrics ?? []).length > 0),
    downSeconds: isDown(stands, replicas) ? startSeconds : 0,
  };
}

/** All its holds run from the same instant. */
function heldSeconds(
  stand: Stand,
  rate: number | null,
  verdicts: readonly ExpectedVerdict[],
): number {
  const { hold, id } = stand.waypoint;
  const perSecond = (rate ?? 0) * (stand.share ?? 0);
  const judged = hold.some(({ kind }) => kind === "analysis");
  const passes = verdicts.filter((verdict) => judged && verdict.waypoint === id);
  return Math.max(
    0,
    ...hold.map((one) => secondsOf(one, perSecond)),
    ...passes.map((verdict) => verdict.toPass.seconds ?? 0),
  );
}

function secondsOf(hold: Hold, perSecond: number): number {
  if (hold.kind === "time" || hold.kind === "analysis") return hold.ms / 1000;
  return hold.kind === "requests" && perSecond > 0 ? hold.n / perSecond : 0;
}

/** Who has all requests already has left stable behind. */
function isGivenUp(stands: readonly Stand[], n: number): boolean {
  return n > 0 && stands[n - 1]?.share === 1;
}

/**
 * The most over all metrics, for a version that is bad by one of them: at each waypoint what it gets
 * there, until it gets what the verdict needs. A verdict begins anew where a waypoint is left.
 */
function exposedTo(
  stands: readonly Stand[],
  rate: number | null,
  verdicts: readonly ExpectedVerdict[],
): number | null {
  const names = new Set(verdicts.map((verdict) => verdict.metric));
  if (names.size === 0 || stands.some((stand) => stand.share === null)) return null;
  const each = [...names].map((metric) => {
    let met = 0;
    for (const stand of stands) {
      const got = gotAt(stand, rate, verdicts);
      const verdict = verdicts.find((v) => v.metric === metric && v.waypoint === stand.waypoint.id);
      const wanted = verdict?.toFail?.requests;
      if (wanted !== undefined && (rate === null || wanted <= got)) return met + wanted;
      met += got;
    }
    return met;
  });
  return Math.round(Math.max(...each));
}

/** Requests of the canary while it is held there: whatever comes where a person is waited for. */
function gotAt(stand: Stand, rate: number | null, verdicts: readonly ExpectedVerdict[]): number {
  const asks = stand.waypoint.hold.some(({ kind }) => kind === "approval");
  if (asks && (rate ?? 0) * (stand.share ?? 0) > 0) return Number.POSITIVE_INFINITY;
  return (rate ?? 0) * (stand.share ?? 0) * heldSeconds(stand, rate, verdicts);
}

function isDown(stands: readonly Stand[], replicas: number): boolean {
  return stands.some(
    ({ waypoint, stable, canary }) =>
      stable + canary === 0 && limitsOf(waypoint.pace, replicas).minAvailable === 0,
  );
}
