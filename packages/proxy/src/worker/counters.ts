import { addLatency, latencyBucketOf, latencyBuckets } from "@hitless/core/traffic";

/** What one revision answered; plain numbers that only grow. */
export interface RevisionCounters {
  /** Requests that this revision answered, that finally failed on it, or that stalled there. */
  requests: number;
  /**
   * Of these, each once: answered with 5xx, never or not to its end, or stalled. A worker of an older
   * version does not say.
   */
  errors?: number;
  /** Of these: without the head of an answer for 5 s, whatever came later. A worker of an older version does not say. */
  stalled?: number;
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
    errors: 0,
    stalled: 0,
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

/** Counts the status of one answer. */
export function countStatus(counters: RevisionCounters, status: number): void {
  if (status < 200) counters.status1xx += 1;
  else if (status < 300) counters.status2xx += 1;
  else if (status < 400) counters.status3xx += 1;
  else if (status < 500) counters.status4xx += 1;
  else counters.status5xx += 1;
}

/** Counts one request of `requests` among the errors. */
export function countError(counters: RevisionCounters): void {
  counters.errors = (counters.errors ?? 0) + 1;
}

/** Counts one request that nobody answers for now. */
export function countStalled(counters: RevisionCounters): void {
  counters.requests += 1;
  counters.stalled = (counters.stalled ?? 0) + 1;
  countError(counters);
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
    errors: (a.errors ?? 0) + (b.errors ?? 0),
    stalled: (a.stalled ?? 0) + (b.stalled ?? 0),
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
