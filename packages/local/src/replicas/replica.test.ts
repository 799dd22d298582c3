import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { PortPool } from "../processes/port-pool.ts";
import { membersOf } from "../processes/process-group.ts";
import { isAlive } from "../processes/process-identity.ts";
import { appFile, Bench, eventually, httpProbe, revisionOf } from "./fixtures/bench.ts";
import type { Replica } from "./replica.ts";

let bench: Bench;
const strangers: Server[] = [];

beforeEach(() => {
  bench = new Bench();
});

afterEach(async () => {
  await bench.close();
  for (const server of strangers.splice(0)) server.close();
});

async function tell(replica: Replica, path: string): Promise<void> {
  await fetch(`http://127.0.0.1:${replica.record.port}${path}`, {
    headers: { connection: "close" },
  }).catch(() => {});
}

it("is durable before its process exists and again when it does", async () => {
  const phases: string[] = [];
  bench.onSave = ({ phase, process, port }) => {
    phases.push(`${phase} ${process === null ? "no process" : "process"} ${port === null}`);
  };
  const replica = await bench.ready();
  expect(phases.slice(0, 2)).toEqual(["running no process false", "running process false"]);
  expect(replica.view()).toMatchObject({ state: "ready", routed: true, starts: 1 });
});

it("is recorded as admitted before the data plane is asked to route to it", async () => {
  let recordedAt = Number.POSITIVE_INFINITY;
  bench.onSave = ({ admitted }) => {
    if (admitted) recordedAt = Math.min(recordedAt, bench.calls.length);
  };
  await bench.ready();
  expect(recordedAt).toBeLessThan(bench.calls.indexOf("admit"));
});

it("is not routed to by an admission that was under way when it was told to leave", async () => {
  let record = (): void => {};
  let recording = false;
  bench.onSave = ({ admitted }) => {
    if (!admitted || recording) return;
    recording = true;
    return new Promise((resolve) => (record = resolve));
  };
  const replica = bench.replica();
  replica.run();
  await eventually("its admission is being recorded", () => recording);
  const stopped = replica.stop();
  await eventually("withdraws", () => bench.calls.includes("withdraw"));
  record();
  await stopped;
  expect(bench.calls).not.toContain("admit");
});

it("starts again on another port, after a backoff, when it crashes", async () => {
  const replica = await bench.ready();
  const first = { port: replica.record.port, pid: replica.view().process };
  await tell(replica, "/exit?code=3");
  await bench.untilState(replica, "failed");
  expect(bench.calls).toContain("withdraw");
  expect(bench.exits).toMatchObject([{ kind: "code", code: 3 }]);
  expect(replica.view().restartAt).toBeGreaterThan(Date.now() + 500);
  await bench.untilState(replica, "ready");
  expect(replica.view().starts).toBe(2);
  expect(replica.record.port).not.toBe(first.port);
  expect(replica.view().process).not.toBe(first.pid);
});

it("kills the children of a leader that crashed", async () => {
  const command = `sleep 600 & exec ${process.execPath} ${appFile}`;
  const replica = await bench.ready(revisionOf({ run: { command } }));
  const leader = replica.record.process;
  await tell(replica, "/exit?code=1");
  await bench.untilState(replica, "failed");
  expect(leader === null ? [] : membersOf(leader)).toEqual([]);
});

it("lives on in the server that a start script put in the background", async () => {
  const replica = await bench.ready(
    revisionOf({ run: { command: `${process.execPath} ${appFile} &` } }),
  );
  const leader = replica.record.process;
  expect(leader !== null && isAlive(leader)).toBe(false);
  expect(bench.exits).toEqual([]);
  await replica.stop();
  expect(bench.journal()).toEqual(["listening", "SIGTERM"]);
});

it("names the command that cannot be started", async () => {
  const replica = bench.replica(revisionOf({ run: { command: ["no-such-command"] } }));
  replica.run();
  await bench.untilState(replica, "failed");
  expect(bench.exits).toMatchObject([
    { kind: "notStarted", error: 'cannot start "no-such-command": no such command in PATH' },
  ]);
  await replica.stop();
  expect(replica.view().state).toBe("stopped");
});

it("says by its code that no port is left, and what to do", async () => {
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const address = stranger.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  bench.ports = new PortPool({ range: { from: port, to: port } });
  const replica = bench.replica(revisionOf({}));
  replica.run();
  await bench.untilState(replica, "failed");
  const error = expect.stringMatching(/^NO_FREE_PORT: no port from .*HITLESS_PORTS/);
  expect(bench.exits).toMatchObject([{ kind: "notStarted", error }]);
  await replica.stop();
  stranger.close();
});

it("takes another port at once when a stranger holds its own", async () => {
  const ports: number[] = [];
  bench.ports = new PortPool({
    onChosen: (port) => {
      ports.push(port);
      return ports.length > 1 ? undefined : listenAsStranger(port);
    },
  });
  const replica = await bench.ready();
  expect(replica.record.port).toBe(ports[1]);
  expect(bench.exits).toEqual([]);
  expect(bench.events[0]).toBe(
    `replica 1-1: port ${ports[0]} is held by process ${process.pid}, which is not this replica`,
  );
});

it("counts a failure when every port it is given is taken", async () => {
  bench.ports = new PortPool({ onChosen: listenAsStranger });
  const replica = bench.replica();
  replica.run();
  await bench.untilState(replica, "failed");
  expect(replica.view().starts).toBe(6);
  expect(bench.exits).toMatchObject([{ kind: "killed" }]);
  expect(bench.calls).not.toContain("admit");
});

it("starts again without counting an exit after the machine was restarted", async () => {
  const first = await bench.ready();
  first.abandon();
  const record = structuredClone(first.record);
  if (record.process !== null) record.process.bootId = "the boot before";
  const second = bench.replica(revisionOf(), record);
  second.run();
  await bench.untilState(second, "ready");
  expect(second.view().starts).toBe(2);
  expect(bench.exits).toEqual([]);
});

it("adopts a process that runs, without withdrawing it", async () => {
  const first = await bench.ready();
  const { pid } = first.record.process ?? {};
  bench.calls.length = 0;
  const second = bench.successor(first);
  expect(second.view().routed).toBe(true);
  second.run();
  await bench.untilState(second, "ready");
  expect(second.view()).toMatchObject({ process: String(pid), starts: 1 });
  expect(bench.calls).not.toContain("withdraw");
  await tell(second, "/exit?code=3");
  await bench.untilState(second, "failed");
  expect(bench.exits).toMatchObject([{ kind: "unknown" }]);
});

it("adopts the process of a controller that died before it recorded it", async () => {
  const first = bench.replica();
  bench.onSave = ({ process }) => {
    if (process !== null) throw new Error("the controller is gone");
  };
  first.run();
  await eventually("the app listens", () => bench.journal().length === 1);
  const { pid } = first.record.process ?? {};
  expect(bench.saved?.process).toBeNull();
  bench.onSave = () => {};
  const second = bench.successor(first);
  second.run();
  await bench.untilState(second, "ready");
  expect(second.view()).toMatchObject({ process: String(pid), starts: 1 });
  expect(bench.journal()).toEqual(["listening"]);
});

it("starts afresh when its controller died between the record and the process", async () => {
  const first = bench.replica();
  bench.onSave = () => first.abandon();
  first.run();
  await eventually("the start is recorded", () => bench.saved?.phase === "running");
  bench.onSave = () => {};
  const second = bench.successor(first);
  second.run();
  await bench.untilState(second, "ready");
  expect(second.view().starts).toBe(2);
  expect(bench.journal()).toEqual(["listening"]);
});

it("goes on draining under another controller", async () => {
  const first = await bench.ready();
  bench.requests = () => 1;
  void first.stop();
  await eventually("withdrawn", () => bench.saved?.drain?.withdrawnAt);
  const second = bench.successor(first);
  bench.calls.length = 0;
  bench.requests = () => 0;
  await second.stop();
  expect(bench.journal()).toEqual(["listening", "SIGTERM"]);
  expect(bench.calls).not.toContain("withdraw");
  expect(second.view().state).toBe("stopped");
});

it("gets no requests while readiness fails, and gets them again afterwards", async () => {
  const replica = await bench.ready();
  bench.calls.length = 0;
  await tell(replica, "/set?path=/ready&status=503");
  await bench.untilState(replica, "starting");
  await eventually("withdrawn", () => bench.calls.includes("withdrawn"));
  expect(replica.view().lastProbe?.evidence).toMatch(/^GET \/ready → 503 "\d+"$/);
  await tell(replica, "/set?path=/ready&status=200");
  await bench.untilState(replica, "ready");
  await eventually("admitted", () => bench.calls.includes("admit"));
  expect(replica.view().starts).toBe(1);
});

it("is drained and started again when liveness fails", async () => {
  const replica = await bench.ready(
    revisionOf({
      // It gates liveness, which would else count against the start.
      probes: {
        startup: httpProbe("/startup", { failureThreshold: 100 }),
        liveness: httpProbe("/health"),
      },
    }),
  );
  await tell(replica, "/set?path=/health&status=500");
  await bench.untilState(replica, "failed");
  expect(bench.calls).toContain("withdrawn");
  expect(bench.journal()).toEqual(["listening", "SIGTERM"]);
  expect(bench.exits[0]).toMatchObject({ kind: "killed" });
  expect(JSON.stringify(bench.exits[0])).toContain("liveness probe failed: GET /health → 500");
  await bench.untilState(replica, "ready");
  expect(replica.view().starts).toBe(2);
});

it("leaves for good when it is stopped while it is being replaced", async () => {
  const startup = httpProbe("/startup", { failureThreshold: 2 });
  const config = { ON_TERM: "ignore", START_AFTER_MS: "60000" };
  const replica = bench.replica(
    revisionOf({ config, probes: { startup }, drain: { terminationGracePeriodSeconds: 0.3 } }),
  );
  replica.run();
  await eventually("it is replaced", () => bench.saved?.drain?.because);
  await replica.stop();
  expect(replica.view()).toMatchObject({ state: "stopped", starts: 1 });
  expect(bench.leftovers()).toBe(0);
});

it("is started again when its startup budget is spent", async () => {
  const startup = httpProbe("/startup", { failureThreshold: 4, periodSeconds: 0.1 });
  const replica = bench.replica(
    revisionOf({ config: { START_AFTER_MS: "60000" }, probes: { startup } }),
  );
  replica.run();
  await bench.untilState(replica, "failed");
  expect(JSON.stringify(bench.exits)).toContain("startup probe failed: GET /startup → connect");
  expect(bench.calls).not.toContain("admit");
});

it("stops while it waits for its next start", async () => {
  const replica = bench.replica(revisionOf({ run: { command: "exit 9" } }));
  replica.run();
  await bench.untilState(replica, "failed");
  await replica.stop();
  expect(replica.view()).toMatchObject({ state: "stopped", starts: 1 });
  expect(bench.exits).toMatchObject([{ kind: "code", code: 9 }]);
});

/** Holds the port and answers every request well, as a version that was left running would. */
function listenAsStranger(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
  });
  strangers.push(server);
  return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}
