import {
  type CountsView,
  latencyBucketOf,
  newApp,
  noDrains,
  noTraffic,
  type ReplicaState,
  type ReplicaView,
} from "@hitless/core";
import { begin, exampleSettings } from "@hitless/core/testing";
import type { Seen } from "../metrics/seen.ts";

const now = 1_800_000_000_000;
/** What cannot be read. */
export const gone = { kind: "unknown", reason: "the proxy did not answer", since: 0 } as const;

export function known<T>(value: T) {
  return { kind: "known", value, asOf: 1 } as const;
}

export function replica(id: string, state: ReplicaState): ReplicaView {
  return {
    id,
    revision: Number(id.split("-")[0]),
    state,
    readySince: null,
    routed: state === "ready",
    inFlight: 0,
    startedAt: 0,
    starts: 1,
    lastProbe: null,
    lastExit: null,
    restartAt: null,
    process: "1",
  };
}

/** What a revision counted of answers that took so many ms. */
export function counts(ms: readonly number[], errors = 0) {
  const latency = new Array<number>(200).fill(0);
  for (const each of ms) latency[latencyBucketOf(each)] = (latency[latencyBucketOf(each)] ?? 0) + 1;
  return { requests: ms.length, errors, latency };
}

/** Revision 1 serves with two of three replicas, in the middle of a release to 2. */
export function seen(changes: Partial<Seen> = {}, view: Partial<Seen["view"]> = {}): Seen {
  const fresh = { ...newApp("shop", exampleSettings), stable: 1, served: [1] };
  const app = begin(
    {
      ...fresh,
      route: { generation: 7, rule: { kind: "byReplica", revisions: [1, 2] } },
    },
    2,
    now - 60_000,
  );
  const revisions: CountsView["revisions"] = { 1: counts([1, 1, 3, 900], 1), 2: counts([]) };
  const ended = { ...noTraffic, answered: 4, failed: { "no-replica": 2 }, cut: { cut: 1 } };
  return {
    app,
    view: {
      replicas: known([
        replica("1-1", "ready"),
        replica("1-2", "ready"),
        replica("2-1", "starting"),
      ]),
      revisions: known([]),
      route: known({ accepted: 7, inForce: 6, lagging: [] }),
      capacity: known({ fits: true, detail: "" }),
      requests: known({ 1: 4 }),
      traffic: known({ epoch: "a", totals: ended }),
      counts: known({ epoch: "a", revisions }),
      drains: known(noDrains),
      ...view,
    },
    why: { kind: "paused", by: "alice", since: now },
    history: [],
    version: "2.1",
    startedAt: now - 3_600_000,
    now,
    ...changes,
  };
}
