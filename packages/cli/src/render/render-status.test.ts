import type { ReleaseStatus, StatusReport } from "@hitless/controller";
import type { ReplicaView } from "@hitless/core";
import { describe, expect, it } from "vitest";
import { renderStatus } from "./render-status.ts";

const status: StatusReport = {
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

const release: ReleaseStatus = {
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

describe("renderStatus", () => {
  it("shows who let the release go on, where and when", () => {
    const meantFor = { release: 5, direction: "forward", waypoint: "canary 20 %" } as const;
    const intents = [
      { kind: "pause", by: "bob", at: 0, meantFor },
      { kind: "promote", by: "ann", at: 1000, meantFor },
      { kind: "promote", by: "eve", at: 2000, meantFor, full: true },
    ] as const;

    const lines = renderStatus({ ...status, release: { ...release, intents } }, 0).split("\n");

    expect(lines.filter((line) => line.includes("promote"))).toEqual([
      '  promote by ann at "canary 20 %", 1970-01-01T00:00:01Z',
      '  promote --full by eve at "canary 20 %", 1970-01-01T00:00:02Z',
    ]);
  });

  it("shows that nothing may begin, who said so and why", () => {
    const frozen = { reason: "the sale", since: 0, by: "ann" };

    expect(renderStatus({ ...status, frozen }, 0)).toContain("frozen by ann since 1970");
  });

  it.each([
    [2, "2 of 3 replicas ready"],
    [3, "3 of 3 replicas ready"],
    [4, "4 replicas ready, 3 wanted"],
  ])("says of %i ready replicas: %s", (count, said) => {
    const replicas = Array.from({ length: count }, (_, n) => ready(`1-${n}`));

    expect(renderStatus({ ...status, replicas }, 0).split("\n")[0]).toBe(
      `shop · revision 1 · ${said} · http://127.0.0.1:8080`,
    );
  });

  it("shows a number of `scale` over the file, unless it is the file's", () => {
    const scaled = { replicas: 5, owner: "command", fileReplicas: 3 } as const;

    expect(renderStatus({ ...status, desired: scaled }, 0)).toContain(
      "over the file: replicas=5 (scale; the file says 3)",
    );
    const same = { ...scaled, replicas: 3 };
    expect(renderStatus({ ...status, desired: same }, 0)).not.toContain("over the file");
  });
});

function ready(id: string): ReplicaView {
  return {
    id,
    revision: 1,
    state: "ready",
    readySince: 0,
    routed: true,
    inFlight: 0,
    startedAt: 0,
    starts: 1,
    lastProbe: null,
    lastExit: null,
    restartAt: null,
    process: "1",
  };
}
