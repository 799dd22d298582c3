import type { StatusReport } from "@hitless/controller";
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
  replicas: [],
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

describe("renderStatus", () => {
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
