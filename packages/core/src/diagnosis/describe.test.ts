import { expect, test } from "vitest";
import type { ReplicaView } from "../model/observed.ts";
import { describeWhy } from "./describe.ts";

const passing: ReplicaView = {
  id: "2-3",
  revision: 2,
  state: "starting",
  readySince: null,
  routed: true,
  inFlight: 0,
  startedAt: 0,
  starts: 1,
  lastProbe: { probe: "readiness", ok: true, evidence: "GET /ready → 200", at: 0 },
  lastExit: null,
  restartAt: null,
  process: "4711",
};

test("tells a replica that does not pass from one that the proxy does not route to yet", () => {
  const why = { kind: "starting", revision: 2, available: 0, wanted: 1, deadlineAt: null } as const;
  expect(describeWhy({ ...why, slowest: passing }, 0)).toBe(
    "revision 2: 0 of 1 replicas available; replica 2-3 passes its probes (GET /ready → 200) and waits until every proxy worker routes to it",
  );
  const lastProbe = { probe: "readiness", ok: false, evidence: "GET /ready → 503", at: 0 } as const;
  expect(describeWhy({ ...why, slowest: { ...passing, routed: false, lastProbe } }, 0)).toBe(
    "revision 2: 0 of 1 replicas available; replica 2-3 is starting (GET /ready → 503)",
  );
});
