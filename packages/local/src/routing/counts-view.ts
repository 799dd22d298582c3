import type { CountsView, Known, TrafficView } from "@hitless/core";
import type { ProxyStatus } from "@hitless/proxy";

/** What of the proxy's status is counted; an older one says nothing of traffic. */
export interface Counted {
  readonly revisions: ProxyStatus["revisions"];
  readonly traffic: TrafficView | null;
}

/** Of when the engine's view is, and since when the engine looks. */
export interface SeenAt {
  readonly token: number;
  readonly openedAt: number;
}

/** The parts of an engine's view that rest on the proxy's counts. */
export function countedParts(counts: Known<Counted>, at: SeenAt) {
  if (counts.kind === "unknown") return { requests: counts, traffic: counts, counts };
  const { revisions, traffic } = counts.value;
  const requests = known(requestsOf(revisions), at.token);
  if (traffic !== null) {
    const view = countsOf(revisions, traffic.epoch);
    return { requests, traffic: known(traffic, at.token), counts: known(view, at.token) };
  }
  const reason = "the proxy is of an older version";
  const older = { kind: "unknown", reason, since: at.openedAt } as const;
  return { requests, traffic: older, counts: older };
}

function requestsOf(revisions: Counted["revisions"]): Readonly<Record<number, number>> {
  return Object.fromEntries(Object.entries(revisions).map(([n, c]) => [Number(n), c.requests]));
}

function countsOf(revisions: Counted["revisions"], epoch: string): CountsView {
  const counts = Object.entries(revisions).map(
    ([n, { requests, errors = 0, latency }]) => [Number(n), { requests, errors, latency }] as const,
  );
  return { epoch, revisions: Object.fromEntries(counts) };
}

function known<T>(value: T, asOf: number): Known<T> {
  return { kind: "known", value, asOf };
}
