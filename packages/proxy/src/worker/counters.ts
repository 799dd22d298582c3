import { addLatency, latencyBucketOf, latencyBuckets } from "@hitless/core/traffic";

/** What one revision answered; plain numbers that only grow. */
export interface RevisionCounters {
  /** Requests that this revision answered, or that finally failed on it. */
  requests: number;
  /** Answers by class; 101 counts as 1xx, other interim answers are not counted. */
  status1xx: number;
  status2xx: number;
  status3xx: number;
  status4xx: number;
  status5xx: number;
  /** Attempts that its replicas refused, or closed without a byte of answer. */
  connectionErrors: number;
  /** Attempts among those that were sent again, here or elsewhere. */
  retries: number;
  /** Requests and tunnels ended by `cut`. */
  cut: number;
  /** SSE and WebSockets that were ended where a message ended, because their replica left. */
  streamsEnded: number;
  /** How long whole answers took, from the request's head to the answer's last byte; `latencyBuckets` counts. */
  readonly latency: number[];
}

export function newRevisionCounters(): RevisionCounters {
  return {
    requests: 0,
    status1xx: 0,
    status2xx: 0,
    status3xx: 0,
    status4xx: 0,
    status5xx: 0,
    connectionErrors: 0,
    retries: 0,
    cut: 0,
    streamsEnded: 0,
    latency: new Array<number>(latencyBuckets).fill(0),
  };
}

/** Counts one answer of that status. */
export function countAnswer(counters: RevisionCounters, status: number): void {
  counters.requests += 1;
  if (status < 200) counters.status1xx += 1;
  else if (status < 300) counters.status2xx += 1;
  else if (status < 400) counters.status3xx += 1;
  else if (status < 500) counters.status4xx += 1;
  else counters.status5xx += 1;
}

/** Counts a whole answer that took so many milliseconds. */
export function countLatency({ latency }: RevisionCounters, ms: number): void {
  const bucket = latencyBucketOf(ms);
  latency[bucket] = (latency[bucket] ?? 0) + 1;
}

/** What two workers counted for one revision. */
export function addCounters(
  a: Readonly<RevisionCounters>,
  b: Readonly<RevisionCounters>,
): RevisionCounters {
  return {
    requests: a.requests + b.requests,
    status1xx: a.status1xx + b.status1xx,
    status2xx: a.status2xx + b.status2xx,
    status3xx: a.status3xx + b.status3xx,
    status4xx: a.status4xx + b.status4xx,
    status5xx: a.status5xx + b.status5xx,
    connectionErrors: a.connectionErrors + b.connectionErrors,
    retries: a.retries + b.retries,
    cut: a.cut + b.cut,
    streamsEnded: a.streamsEnded + b.streamsEnded,
    latency: [...addLatency(a.latency, b.latency)],
  };
}

/** A copy as it is reported: without the zeros at the end of `latency`. */
export function reported(counters: Readonly<RevisionCounters>): RevisionCounters {
  const { latency } = counters;
  return { ...counters, latency: latency.slice(0, latency.findLastIndex((n) => n > 0) + 1) };
}
