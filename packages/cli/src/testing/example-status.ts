import type { ReleaseStatus, StatusReport } from "@hitless/controller";
import type { ReplicaState, ReplicaView } from "@hitless/core";

/** Three replicas of the shop's first revision, and nothing under way. */
export const exampleStatus: StatusReport = {
  app: "shop",
  controller: { pid: 1 },
  stable: 1,
  desired: { replicas: 3, owner: "file", fileReplicas: 3 },
  overrides: {},
  maintenance: null,
  frozen: null,
  replicas: [],
  revisions: [],
  unreadable: null,
  route: { generation: 1, inForce: 1, rule: { kind: "byReplica", revisions: [1] } },
  release: null,
  pending: null,
  newest: { release: 1, direction: "ended", waypoint: null },
  why: { kind: "steady", revision: 1, available: 3, desired: 3 },
  whySince: 0,
  lastRelease: null,
  endpoint: { host: "127.0.0.1", port: 8080 },
  engine: null,
  version: 1,
};

/** A canary that stands at its last step but one. */
export const exampleRelease: ReleaseStatus = {
  id: 5,
  kind: "release",
  cause: "a test",
  from: 1,
  to: 2,
  direction: "forward",
  reason: null,
  paused: null,
  waypoints: ["canary 20 %", "bake"],
  cursor: 1,
  startedAt: 0,
  overdue: false,
  intents: [],
  holds: [],
  analysis: {},
  remaining: { ms: 0, approvals: 0 },
  traffic: null,
};

export function exampleReplicas(
  revision: number,
  state: ReplicaState,
  count: number,
): readonly ReplicaView[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `${revision}-${n}`,
    revision,
    state,
    readySince: 0,
    routed: true,
    inFlight: 0,
    startedAt: 0,
    starts: 1,
    lastProbe: null,
    lastExit: null,
    restartAt: null,
    process: "1",
  }));
}
