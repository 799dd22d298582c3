import { latencyBucketOf } from "../model/latency.ts";
import type { CountsView, RevisionCounts } from "../model/metric.ts";

/** How the requests to a revision fare in the fake engine. */
export interface Fare {
  /** Share of them that end with 5xx or without an answer, 0 to 1. */
  readonly errorShare: number;
  /** What half of the answers take at most, ms. */
  readonly latencyMs: number;
}

/** Answers take these parts of `latencyMs`, in turn: every p95 is three times the median. */
const spread = [0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1].concat([
  1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2, 2.4, 3, 5,
]);

interface Tally {
  requests: number;
  errors: number;
  /** Requests by the `latencyMs` of their time. */
  readonly paces: Map<number, number>;
  /** As of so many requests. */
  counts: RevisionCounts | null;
}

/** What a fake data plane counts of each revision: no chance in it, so that a run can be repeated. */
export class FakeCounts {
  readonly #tallies = new Map<number, Tally>();

  /** So many more requests to that revision, which may be a part of one. */
  add(revision: number, requests: number, { errorShare, latencyMs }: Fare): void {
    const tally = this.#tallies.get(revision) ?? {
      requests: 0,
      errors: 0,
      paces: new Map(),
      counts: null,
    };
    this.#tallies.set(revision, tally);
    tally.requests += requests;
    tally.errors += requests * errorShare;
    tally.paces.set(latencyMs, (tally.paces.get(latencyMs) ?? 0) + requests);
    tally.counts = null;
  }

  beginAnew(): void {
    this.#tallies.clear();
  }

  view(epoch: string): CountsView {
    const revisions: Record<number, RevisionCounts> = {};
    for (const [revision, tally] of this.#tallies) {
      tally.counts ??= countsOf(tally);
      revisions[revision] = tally.counts;
    }
    return { epoch, revisions };
  }
}

function countsOf({ requests, errors, paces }: Tally): RevisionCounts {
  const latency: number[] = [];
  for (const [latencyMs, answers] of paces) {
    for (const [turn, part] of spread.entries()) {
      const bucket = latencyBucketOf(latencyMs * part);
      // The nth answer takes the nth part.
      const taken = Math.floor((Math.floor(answers) + spread.length - 1 - turn) / spread.length);
      while (latency.length <= bucket) latency.push(0);
      latency[bucket] = (latency[bucket] ?? 0) + taken;
    }
  }
  return { requests: Math.floor(requests), errors: Math.floor(errors), latency };
}
