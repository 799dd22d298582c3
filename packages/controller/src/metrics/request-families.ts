import {
  type CountsView,
  latencyBucketEdgeMs,
  lostRequests,
  type RevisionCounts,
  type TrafficTotals,
} from "@hitless/core";
import type { Family, Sample } from "./family.ts";
import type { Seen } from "./seen.ts";

/**
 * Upper edges of the exposed buckets: every 16th of those that are counted, and so exact; from
 * 1.024 ms on, each twice the one before, to 16.8 s.
 */
const exposed = Array.from({ length: 15 }, (_, n) => (n + 3) * 16 + 15);

/** What became of requests, as the data plane counts it; nothing while it does not say. */
export function requestFamilies({ view }: Seen, revisions: readonly number[]): readonly Family[] {
  const { counts, traffic } = view;
  return [
    ...(counts.kind === "known" ? revisionFamilies(counts.value, revisions) : []),
    ...(traffic.kind === "known" ? trafficFamilies(traffic.value.totals) : []),
  ];
}

function revisionFamilies(view: CountsView, revisions: readonly number[]): readonly Family[] {
  const counted = revisions.flatMap((revision) => {
    const counts = view.revisions[revision];
    return counts === undefined ? [] : [{ revision, counts }];
  });
  return [
    {
      name: "hitless_requests_total",
      type: "counter",
      help: "Requests by revision; error: answered 5xx, not at all, or not within 5 s.",
      samples: counted.flatMap(({ revision, counts: { requests, errors } }) => [
        { labels: { revision, class: "ok" }, value: requests - errors },
        { labels: { revision, class: "error" }, value: errors },
      ]),
    },
    {
      name: "hitless_request_duration_seconds",
      type: "histogram",
      help: "From a request's head to the last byte of its answer, by revision.",
      samples: counted.flatMap(({ revision, counts }) => histogram(revision, counts)),
    },
  ];
}

function histogram(revision: number, { latency }: RevisionCounts): readonly Sample[] {
  const upTo = (bucket: number) => latency.slice(0, bucket + 1).reduce((sum, n) => sum + n, 0);
  const count = upTo(latency.length);
  const buckets = exposed.map((bucket) => ({
    suffix: "_bucket",
    labels: { revision, le: latencyBucketEdgeMs(bucket) / 1000 },
    value: upTo(bucket),
  }));
  return [
    ...buckets,
    { suffix: "_bucket", labels: { revision, le: "+Inf" }, value: count },
    { suffix: "_sum", labels: { revision }, value: sumSeconds(latency) },
    { suffix: "_count", labels: { revision }, value: count },
  ];
}

/** Each counted in the middle of its bucket: off by at most 1/32. */
function sumSeconds(latency: RevisionCounts["latency"]): number {
  return latency.reduce((sum, count, bucket) => sum + count * middleMs(bucket), 0) / 1000;
}

function middleMs(bucket: number): number {
  const below = bucket === 0 ? 0 : latencyBucketEdgeMs(bucket - 1);
  return (below + latencyBucketEdgeMs(bucket)) / 2;
}

function trafficFamilies(totals: TrafficTotals): readonly Family[] {
  const { answered, rejected, abandoned, failed, cut } = totals;
  const lost = lostRequests(totals);
  const lostBy = (kind: string, reasons: Readonly<Record<string, number>>) =>
    Object.entries(reasons).map(([reason, value]) => ({ labels: { kind, reason }, value }));
  const ended = { answered, lost, rejected, abandoned };
  return [
    {
      name: "hitless_requests_ended_total",
      type: "counter",
      help: "Requests that are over, each in one outcome; lost: the clients got no whole answer of the app.",
      samples: Object.entries(ended).map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
    {
      name: "hitless_requests_lost_total",
      type: "counter",
      help: "Of the lost ones: failed (the proxy answered 502, 503 or 504) and cut (broken off), by reason.",
      samples: [...lostBy("failed", failed), ...lostBy("cut", cut)],
    },
  ];
}
