import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { ReplicaView } from "@hitless/core";
import { connectProxy } from "@hitless/proxy";
import { expect, test } from "vitest";
import { allFiles } from "./artifacts/store-fixture.ts";
import { type EngineState, engineStateShape, loadEngineState } from "./engine-state.ts";
import { eventually } from "./replicas/fixtures/bench.ts";
import { newReplicaRecord } from "./replicas/replica-record.ts";
import { VersionedFile } from "./state/versioned-file.ts";
import { ask, EngineBed } from "./testing/engine-bed.ts";

const never = new AbortController().signal;

test("scales up and down, tells of it, and its tokens only grow", async () => {
  await using bed = await EngineBed.make();
  await bed.revision(1);
  await bed.open();
  const stop = new AbortController();
  const changes = bed.engine.changes(stop.signal)[Symbol.asyncIterator]();
  const told = changes.next();
  const first = await bed.scale(1, 2);
  await told;
  await bed.route(1);
  await bed.ready(1, 2);
  const views = await bed.views();
  expect(views.map((v) => v.id)).toEqual(["1-1", "1-2"]);
  expect(views[0]).toMatchObject({ revision: 1, state: "ready", starts: 1, inFlight: 0 });
  expect(await ask(bed.port)).toMatchObject({
    status: 200,
    body: expect.stringMatching(/^1 \d+$/),
  });
  const second = await bed.scale(1, 1);
  expect(second).toBeGreaterThan(first);
  expect((await bed.look()).replicas).toMatchObject({ kind: "known", asOf: second });
  await bed.ready(1, 1);
  expect(bed.survivors()).toHaveLength(1);
  stop.abort();
});

test("what already holds is applied without touching a process", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(2);
  const before = await bed.pids();
  await bed.scale(1, 2);
  const { route } = await loadEngineState(bed.folder.engine);
  await bed.apply({ kind: "route", table: route });
  await bed.ready(1, 2);
  expect(await bed.pids()).toEqual(before);
});

test("a route is accepted at once, and in force when every worker has it", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  const [worker] = await bed.workers();
  process.kill(worker ?? 0, "SIGSTOP");
  const table = { generation: 9, rule: { kind: "byReplica", revisions: [1] } } as const;
  await bed.apply({ kind: "route", table });
  const seen = await bed.look();
  expect(seen.route).toMatchObject({ kind: "known", value: { accepted: 9, inForce: 1 } });
  // The worker is silent: what it counts is unknown, and unknown is not zero.
  await eventually("unknown", async () => {
    const { requests, replicas } = await bed.look();
    expect(replicas).toMatchObject({ kind: "known" });
    return (
      requests.kind === "unknown" && replicas.kind === "known" && inFlightOf(replicas) === null
    );
  });
  process.kill(worker ?? 0, "SIGCONT");
  await eventually("in force", async () => {
    const { route } = await bed.look();
    return route.kind === "known" && route.value.inForce === 9 && route.value.lagging.length === 0;
  });
});

function inFlightOf(replicas: {
  readonly value: readonly ReplicaView[];
}): number | null | undefined {
  return replicas.value[0]?.inFlight;
}

test("collect removes the revision, its checkout and the bytes that nobody else needs", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  await bed.revision(2, "two");
  await bed.scale(2, 1);
  await bed.route(2);
  await bed.ready(2, 1);
  await bed.scale(1, 0);
  await eventually("gone", async () => (await bed.views()).every((v) => v.revision === 2));
  const before = allFiles(bed.folder.artifacts).length;
  await bed.apply({ kind: "collect", revision: 1 });
  const { revisions } = await bed.look();
  expect(revisions).toMatchObject({ value: [{ revision: 2, level: 1 }] });
  expect(await bed.store.revisions()).toEqual([2]);
  expect(await readdir(bed.folder.checkouts)).not.toContain("1");
  // Its manifest with the copy, and the one blob that was its own.
  expect(allFiles(bed.folder.artifacts).length).toBe(before - 3);
  const two = await bed.store.revision(2);
  if (two?.artifact.kind !== "files") throw new Error("no files");
  expect(await bed.artifacts.verify(two.artifact.digest, join(bed.folder.checkouts, "2"))).toEqual(
    [],
  );
  await bed.apply({ kind: "collect", revision: 1 });
});

test("collect leaves alone what a release has just captured and no revision names yet", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  await bed.scale(1, 0);
  await eventually("gone", async () => (await bed.views()).length === 0);
  await writeFile(join(bed.folder.appDir, "text"), "three");
  const capturing = bed.artifacts.capture(bed.source());
  await bed.apply({ kind: "collect", revision: 1 });
  const { digest } = await capturing;
  const target = join(bed.folder.checkouts, "3");
  await bed.artifacts.checkout(digest, target, {
    persist: { names: [], root: bed.folder.persist },
  });
  expect(await readFile(join(target, "text"), "utf8")).toBe("three");
});

test("a collect that breaks off can be done again", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  await bed.scale(1, 0);
  await eventually("gone", async () => (await bed.views()).length === 0);
  const remove = bed.store.removeRevision.bind(bed.store);
  bed.store.removeRevision = () => Promise.reject(new Error("killed"));
  await expect(bed.apply({ kind: "collect", revision: 1 })).rejects.toThrow("killed");
  // Nobody would ask for it again if it were not in the view.
  expect((await bed.look()).revisions).toMatchObject({ value: [{ revision: 1 }] });
  bed.store.removeRevision = remove;
  await bed.apply({ kind: "collect", revision: 1 });
  expect((await bed.look()).revisions).toMatchObject({ value: [] });
  expect(existsSync(join(bed.folder.checkouts, "1"))).toBe(false);
});

test("the next engine adopts what runs: same processes, clients served throughout", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(3);
  const before = await bed.pids();
  const holder = bed.engine.proxyPid;
  const poll = bed.poll();
  await bed.engine.abandon();
  await eventually("served by nobody's order", () => poll.answers > 20);
  await bed.open();
  const at = poll.answers;
  await bed.ready(1, 3);
  await eventually("served on", () => poll.answers > at + 50);
  expect((await poll.end()).wrong).toEqual([]);
  expect(await bed.pids()).toEqual(before);
  expect(bed.engine.proxyPid).toBe(holder);
  expect([...poll.pids].sort()).toEqual([...before].sort());
});

test("a replica that dies is told of, with its end and when it starts again", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(2);
  const [victim] = await bed.pids();
  process.kill(victim ?? 0, "SIGKILL");
  const told = `replica 1-1 (process ${victim}): SIGKILL, starts again `;
  await eventually("told", () => bed.events.some((text) => text.startsWith(told)));
});

test("one that was killed meanwhile is replaced; its end is reported as unknown", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(3);
  const [victim, ...others] = await bed.pids();
  await bed.engine.abandon();
  process.kill(victim ?? 0, "SIGKILL");
  const poll = bed.poll();
  await bed.open();
  await bed.ready(1, 3);
  expect((await poll.end()).wrong).toEqual([]);
  const now = await bed.pids();
  expect(now).toEqual(expect.arrayContaining(others));
  expect(now).not.toContain(victim);
  expect((await bed.views())[0]).toMatchObject({ id: "1-1", lastExit: { kind: "unknown" } });
  expect((await bed.look()).revisions).toMatchObject({ value: [{ exits: 1 }] });
});

test("one that drained meanwhile drains on, gets nothing new, and leaves when it is done", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1, { drain: { timeoutSeconds: 30 } });
  const [old] = await bed.pids();
  const [record] = (await loadEngineState(bed.folder.engine)).replicas;
  const slow = ask(bed.port, "/slow");
  await eventually("in flight", async () => (await bed.views())[0]?.inFlight === 1);
  await bed.revision(2, "two");
  await bed.scale(2, 1);
  await bed.route(1, 2);
  await bed.ready(2, 1);
  await bed.met(...(await bed.pids()).filter((pid) => pid !== old));
  await bed.scale(1, 0);
  await eventually("withdrawn", async () =>
    (await bed.views()).some((v) => v.revision === 1 && v.state === "draining" && !v.routed),
  );
  await bed.engine.abandon();
  await bed.open();
  const draining = (await bed.views()).find((v) => v.revision === 1);
  expect(draining).toMatchObject({ state: "draining", routed: false, process: String(old) });
  const poll = bed.poll();
  await eventually("served", () => poll.answers > 20);
  expect([...(await poll.end()).pids]).not.toContain(old);
  expect(bed.survivors()).toContain(old);
  await ask(record?.port ?? 0, "/finish");
  expect(await slow).toEqual({ status: 200, body: "done" });
  await eventually("left", async () => (await bed.views()).every((v) => v.revision === 2));
  expect(bed.survivors()).not.toContain(old);
});

test("records without a process are started: one never begun, one begun and not made", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  const [kept] = await bed.pids();
  await bed.engine.abandon();
  const state = await loadEngineState(bed.folder.engine);
  const begun = {
    ...newReplicaRecord("1-3", 1),
    phase: "running",
    start: 1,
    startedAt: Date.now(),
    logFile: join(bed.folder.logs, "1-3", "1.log"),
  } as const;
  state.replicas = [...state.replicas, newReplicaRecord("1-2", 1), begun];
  state.lastReplica = 3;
  state.revisions = [{ revision: 1, level: 3, exits: 0, lastExit: null }];
  await new VersionedFile<EngineState>(bed.folder.engine, engineStateShape).write(state);
  await bed.open();
  await bed.ready(1, 3);
  const views = await bed.views();
  expect(views.map((v) => v.id)).toEqual(["1-1", "1-2", "1-3"]);
  expect(views[0]?.process).toBe(String(kept));
  // Nothing ended, so nothing counts for the crash loop.
  expect((await bed.look()).revisions).toMatchObject({ value: [{ exits: 0 }] });
});

test("when the holder is killed another one gets the table, and clients are served again", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(2);
  const before = await bed.pids();
  const holder = bed.engine.proxyPid ?? 0;
  const [worker] = await bed.workers();
  process.kill(holder, "SIGKILL");
  process.kill(worker ?? 0, "SIGKILL");
  await eventually("another holder", () => (bed.engine.proxyPid ?? holder) !== holder);
  await eventually("served", async () => (await ask(bed.port)).status === 200);
  await bed.route(1);
  const poll = bed.poll();
  await eventually("by all", () => poll.pids.size === 2);
  expect((await poll.end()).wrong).toEqual([]);
  expect(await bed.pids()).toEqual(before);
  expect(bed.events).toContain("proxy: the holder is gone, looking for its successor");
  expect(bed.events).toContain(`proxy: holder ${bed.engine.proxyPid} has taken over`);
});

test("when a worker is killed the next one serves by the same table, and replicas stay routed", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(2);
  const [worker] = await bed.workers();
  process.kill(worker ?? 0, "SIGKILL");
  expect((await bed.views()).map((v) => v.routed)).toEqual([true, true]);
  await eventually("another", async () => {
    const now = await bed.workers();
    return now.length === 1 && now[0] !== worker;
  });
  const [next] = await bed.workers();
  const told = [`proxy: worker ${worker} is gone`, `proxy: worker ${next} was started`];
  await eventually("told", () => told.every((text) => bed.events.includes(text)));
  expect((await ask(bed.port)).status).toBe(200);
  expect((await bed.views()).map((v) => v.routed)).toEqual([true, true]);
});

test("shutdown ends every replica and the proxy, and leaves no record of them", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(2);
  const holder = bed.engine.proxyPid;
  await bed.engine.shutdown(1000);
  expect(bed.survivors()).toEqual([]);
  expect(await connectProxy(bed.folder.sockets.proxy)).toBeNull();
  expect(await ask(bed.port)).toMatchObject({ status: 0 });
  const state = await loadEngineState(bed.folder.engine);
  expect(state).toMatchObject({ replicas: [], revisions: [{ revision: 1, level: 2 }] });
  expect(holder).toBeGreaterThan(0);
});

test("a port that is held by another is PORT_TAKEN, and leaves nothing running", async () => {
  await using bed = await EngineBed.make();
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(bed.port, "127.0.0.1", resolve));
  await expect(bed.open()).rejects.toMatchObject({ code: "PORT_TAKEN" });
  await new Promise((resolve) => stranger.close(resolve));
  await bed.open();
  expect((await bed.look()).replicas).toMatchObject({ kind: "known", value: [] });
});

test("what replicas wrote can be read, also of those that are gone", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1, {
    run: { command: [process.execPath, "-e", "console.log('hello'); import('./server.mjs')"] },
  });
  await bed.scale(1, 0);
  await eventually("gone", async () => (await bed.views()).length === 0);
  const query = { revision: 1, replica: null, since: null, tail: null, follow: false };
  const lines: string[] = [];
  for await (const { replica, text } of bed.engine.logs(query, never)) {
    lines.push(`${replica} ${text}`);
  }
  expect(lines).toEqual(["1-1 hello"]);
  const last: string[] = [];
  const tail = { ...query, revision: null, replica: "1-1", tail: 5 };
  for await (const { text } of bed.engine.logs(tail, never)) last.push(text);
  expect(last).toEqual(["hello"]);
});

test("orders nothing once another controller has the app", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  const before = await bed.views();
  bed.assertMine = () => {
    throw new Error("process 1 took over");
  };
  await expect(bed.scale(1, 3)).rejects.toThrow("took over");
  expect((await loadEngineState(bed.folder.engine)).revisions).toMatchObject([{ level: 1 }]);
  expect((await bed.views()).map((r) => r.id)).toEqual(before.map((r) => r.id));
  bed.assertMine = () => undefined;
});
