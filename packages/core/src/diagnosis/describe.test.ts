import { expect, test } from "vitest";
import type { ReplicaView } from "../model/observed.ts";
import { describeFailure, describeWhy } from "./describe.ts";

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

test("counts no seconds that are over", () => {
  const settling = { kind: "settling", revision: 2, replica: "2-3", until: 5000 } as const;
  expect(describeWhy(settling, 3000)).toBe("replica 2-3 is ready and must stay so for 2 s more");
  expect(describeWhy(settling, 5000)).toBe(
    "replica 2-3 has been ready for long enough and counts from now on",
  );
  const starting = { kind: "starting", revision: 2, available: 0, wanted: 1 } as const;
  const slowest = { ...passing, state: "failed", restartAt: 5000 } as const;
  expect(describeWhy({ ...starting, slowest, deadlineAt: 6000 }, 4500)).toBe(
    "revision 2: 0 of 1 replicas available; replica 2-3 exited, starts again in 1 s (turns back in 2 s)",
  );
  expect(describeWhy({ ...starting, slowest, deadlineAt: 6000 }, 6000)).toBe(
    "revision 2: 0 of 1 replicas available; replica 2-3 exited, starts again now (turns back now)",
  );
});

test("says for how long, not since so many seconds", () => {
  const since = 1000;
  expect(describeWhy({ kind: "paused", by: "ann", since }, 4000)).toBe(
    "paused by ann, for 3 s so far; `hitless resume` goes on",
  );
  expect(describeWhy({ kind: "unobservable", what: "route", reason: "gone", since }, 4000)).toBe(
    "route has been unreadable for 3 s: gone",
  );
});

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

test("tells a waypoint that is reached from one that is left after it held", () => {
  const why = { kind: "waypointReached", waypoint: "bake" } as const;
  expect(describeWhy(why, 0)).toBe('waypoint "bake" reached');
  expect(describeWhy({ ...why, passed: true }, 0)).toBe('waypoint "bake" passed');
});

test("names a hook and its waypoint, not its key", () => {
  const hook = { key: "shop/16/canary 20 %/warm", waypoint: "canary 20 %", hook: "warm" };
  expect(
    describeWhy({ kind: "hookRunning", ...hook, since: 1000, timeoutMs: 60_000 }, 13_000),
  ).toBe('hook warm runs at "canary 20 %", for 12 s so far, and may for 60 s an attempt');
  const over = (outcome: "done" | "failed", detail: string) =>
    describeWhy({ kind: "hookOver", ...hook, result: { outcome, detail } }, 0);
  expect(over("done", "")).toBe('hook warm done at "canary 20 %"');
  expect(over("failed", "exit 1")).toBe('hook warm failed at "canary 20 %": exit 1');
});

test("names a replica only with what it did, or the lines that are kept of it", () => {
  const metric = { waypoint: "bake", metric: "errors", detail: "5 % of 200" };
  const told = (found: object) =>
    describeFailure({
      kind: "analysisFailed",
      ...metric,
      evidence: { replica: "5-9", probe: null, exit: null, lastLogLines: [], ...found },
    });
  const reason = 'errors failed at "bake": 5 % of 200';
  expect(told({})).toBe(reason);
  expect(told({ lastLogLines: ["oops"] })).toBe(`${reason} (logs of replica 5-9)`);
  const exit = { kind: "code", code: 1, at: 0 };
  expect(told({ exit })).toBe(`${reason} (replica 5-9; exit 1)`);
  expect(told({ exit, replica: null })).toBe(`${reason} (exit 1)`);
});
