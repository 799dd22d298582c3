import type { ReplicaView } from "@hitless/core";
import { expect, it } from "vitest";
import { seenIn } from "./facts.ts";

const replica: ReplicaView = {
  id: "1-1",
  revision: 1,
  state: "ready",
  readySince: 3_000,
  routed: true,
  inFlight: 0,
  startedAt: 1_000,
  starts: 1,
  lastProbe: null,
  lastExit: null,
  restartAt: null,
  process: "1",
};
const traffic = { requests: 0, errors: 0, p95Ms: null, share: null };

it("takes the start of a replica from those that run, and the rate from all revisions", () => {
  const replicas = [
    replica,
    { ...replica, readySince: 1_500 },
    { ...replica, readySince: 9_000 },
    { ...replica, readySince: 900_000, starts: 2 },
    { ...replica, readySince: 900_000, revision: 2 },
  ];
  const revisions = [
    { ...traffic, revision: 1, rps: 80 },
    { ...traffic, revision: 2, rps: 20 },
  ];
  expect(seenIn({ stable: 1, replicas, revisions })).toEqual({
    rate: 100,
    startSeconds: 2,
    startMeasured: true,
  });
});

it("says that it has measured nothing where nothing runs", () => {
  const nothing = { rate: null, startSeconds: 5, startMeasured: false };
  expect(seenIn(null)).toEqual(nothing);
  const revisions = [{ ...traffic, revision: 1, rps: null }];
  expect(seenIn({ stable: 1, replicas: [], revisions })).toEqual(nothing);
});
