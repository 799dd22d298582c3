/**
 * What became of requests. Every request that is over is in exactly one of `answered`, `failed`,
 * `cut`, `rejected` and `abandoned`; `failed` and `cut` are what clients lost.
 */
export interface TrafficTotals {
  /** Answers of replicas that were passed on whole, whatever their status; tunnels that ended. */
  readonly answered: number;
  /** Answered 502, 503 or 504 by the data plane itself, by its reason (`docs/proxy.md`). */
  readonly failed: Readonly<Record<string, number>>;
  /** Connections broken with an answer or a tunnel unfinished, by the reason. */
  readonly cut: Readonly<Record<string, number>>;
  /** Answered by the data plane itself because of what the client sent, or did not send in time. */
  readonly rejected: number;
  /** The client left, or stopped reading, before its answer was whole. */
  readonly abandoned: number;
  /** Of all these, requests that were sent to a replica more than once. */
  readonly retried: number;
  /** Of the `retried` ones, those that are among the `answered`. */
  readonly retriedAnswered: number;
  /** How many times counts were lost, so that the numbers are "at least". */
  readonly gaps: number;
}

/** What a data plane has counted; within one epoch the totals only grow. */
export interface TrafficView {
  /** Identity of the count. Another one: it was started anew, from 0. */
  readonly epoch: string;
  readonly totals: TrafficTotals;
}

/** What a release has accounted for. */
export interface ReleaseTraffic {
  readonly counted: TrafficTotals;
  /** The observation up to which that is so. */
  readonly seen: TrafficView;
}

export const noTraffic: TrafficTotals = {
  answered: 0,
  failed: {},
  cut: {},
  rejected: 0,
  abandoned: 0,
  retried: 0,
  retriedAnswered: 0,
  gaps: 0,
};

export function addTraffic(a: TrafficTotals, b: TrafficTotals): TrafficTotals {
  return combined(a, b, (x, y) => x + y);
}

/** What came to `earlier` until `later`, two totals of the same count. */
export function trafficBetween(earlier: TrafficTotals, later: TrafficTotals): TrafficTotals {
  return combined(later, earlier, (x, y) => x - y);
}

/** Requests that clients lost: a failure in place of an answer, or half of one. */
export function lostRequests({ failed, cut }: TrafficTotals): number {
  return [...Object.values(failed), ...Object.values(cut)].reduce((sum, n) => sum + n, 0);
}

type Combine = (a: number, b: number) => number;

function combined(a: TrafficTotals, b: TrafficTotals, by: Combine): TrafficTotals {
  return {
    answered: by(a.answered, b.answered),
    failed: combinedByReason(a.failed, b.failed, by),
    cut: combinedByReason(a.cut, b.cut, by),
    rejected: by(a.rejected, b.rejected),
    abandoned: by(a.abandoned, b.abandoned),
    retried: by(a.retried, b.retried),
    retriedAnswered: by(a.retriedAnswered, b.retriedAnswered),
    gaps: by(a.gaps, b.gaps),
  };
}

function combinedByReason(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
  by: Combine,
): Readonly<Record<string, number>> {
  const reasons = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const counts = reasons.map((reason) => [reason, by(a[reason] ?? 0, b[reason] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count !== 0));
}
