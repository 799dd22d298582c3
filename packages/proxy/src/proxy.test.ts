import { readFile, stat } from "node:fs/promises";
import { connect, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { noTraffic } from "@hitless/core";
import { afterEach, expect, test } from "vitest";
import { connectProxy, ensureProxy, type ProxyTimeouts } from "./index.ts";
import {
  Cleanup,
  eventually,
  get,
  listenUpstream,
  openApp,
  openClient,
  openProxy,
  openSlowApp,
  portOf,
  rawRequest,
  tableOf,
  temporaryFolder,
  untilGone,
  upstream,
} from "./testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const startProxy = (port = 0, timeouts: Partial<ProxyTimeouts> = {}) =>
  openProxy(cleanup, { port, timeouts });
const startApp = (answer: string) => openApp(cleanup, answer);

test("answers 503 with its reason before it has a table, and serves by it once acknowledged", async () => {
  const { proxy, folder } = await startProxy();
  expect(await rawRequest(proxy.port, get("/"))).toMatch(
    /^HTTP\/1.1 503 [\s\S]*X-Hitless-Reason: no-table/,
  );
  const app = await startApp("hello");
  const table = tableOf(upstream("a", app));
  await proxy.apply(table);
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/^HTTP\/1.1 200 OK[\s\S]*hello$/);
  const status = await proxy.status();
  expect(status.workers).toEqual([
    {
      pid: expect.any(Number),
      generation: table.generation,
      ruleGeneration: table.ruleGeneration,
      leaving: false,
    },
  ]);
  expect(status.revisions["1"]).toMatchObject({ requests: 1, status2xx: 1 });
  expect(status.answeredByProxy).toEqual({ "no-table": 1 });
  const file: unknown = JSON.parse(await readFile(join(folder, "proxy-table.json"), "utf8"));
  expect(file).toMatchObject({ version: 1, table });
  for (const name of ["proxy-table.json", "proxy.sock"]) {
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  }
});

test("refuses an older table, and says so", async () => {
  const { proxy } = await startProxy();
  const older = tableOf();
  const newer = tableOf();
  await proxy.apply(newer);
  await proxy.apply(newer);
  await expect(proxy.apply(older)).rejects.toMatchObject({
    code: "PROXY_UNREACHABLE",
    message: expect.stringContaining(`generation ${older.generation} is not newer`),
  });
});

test("a killed worker is replaced and serves by the last table while no controller is there", async () => {
  const { proxy, folder } = await startProxy();
  const app = await startApp("still here");
  await proxy.apply(tableOf(upstream("a", app)));
  const [worker] = (await proxy.status()).workers;
  await proxy.close();
  const { port } = proxy;
  process.kill(worker?.pid ?? 0, "SIGKILL");
  expect(await rawRequest(port, get("/"))).toMatch(/^HTTP\/1.1 200 [\s\S]*still here$/);
  const later = await connectProxy(join(folder, "proxy.sock"));
  const status = await later?.status();
  expect(status?.workers[0]?.pid).not.toBe(worker?.pid);
  expect(status?.workers[0]?.generation).toBe(worker?.generation);
  await later?.close();
});

test("what workers that are gone had counted stays, and a killed one leaves a gap", async () => {
  const { proxy } = await startProxy();
  expect(await rawRequest(proxy.port, get("/"))).toContain("no-table");
  await proxy.apply(tableOf(upstream("a", await startApp("ok"))));
  for (let i = 0; i < 3; i += 1) await rawRequest(proxy.port, get("/"));
  const before = (await proxy.status()).traffic;
  expect(before?.totals).toEqual({ ...noTraffic, answered: 3, failed: { "no-table": 1 } });
  const [worker] = (await proxy.status()).workers;
  process.kill(worker?.pid ?? 0, "SIGKILL");
  await rawRequest(proxy.port, get("/"));
  const after = (await proxy.status()).traffic;
  expect(after?.epoch).toBe(before?.epoch);
  expect(after?.totals).toEqual({ ...before?.totals, answered: 4, gaps: 1 });
  expect((await proxy.status()).revisions["1"]).toMatchObject({ requests: 4, status2xx: 4 });
});

test("no connection is refused while workers are killed", async () => {
  const { proxy } = await startProxy();
  const app = await startApp("ok");
  await proxy.apply(tableOf(upstream("a", app)));
  const changes: (readonly number[])[] = [];
  proxy.onWorkerChange((pids) => changes.push(pids));
  const [worker] = (await proxy.status()).workers;
  process.kill(worker?.pid ?? 0, "SIGKILL");
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => rawRequest(proxy.port, get("/"))),
  );
  expect(answers.filter((one) => one.startsWith("HTTP/1.1 200"))).toHaveLength(50);
  expect(changes.at(-1)).toHaveLength(1);
  expect(changes.at(-1)).not.toContain(worker?.pid);
});

test("a table is acknowledged only by a worker that serves it, also when the worker dies meanwhile", async () => {
  const { proxy, folder } = await startProxy();
  const [worker] = (await proxy.status()).workers;
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  const table = tableOf();
  let applied = false;
  const applying = proxy.apply(table).then(() => {
    applied = true;
  });
  await eventually(async () =>
    (await readFile(join(folder, "proxy-table.json"), "utf8").catch(() => "")).includes(
      `"generation":${table.generation}`,
    ),
  );
  // An answer that was asked for later has come by now, had the holder not waited.
  const other = await connectProxy(join(folder, "proxy.sock"));
  expect(applied).toBe(false);
  process.kill(worker?.pid ?? 0, "SIGKILL");
  await applying;
  expect((await proxy.status()).workers[0]?.generation).toBe(table.generation);
  await other?.close();
});

test("waiting for an acknowledgement can be given up", async () => {
  const { proxy } = await startProxy();
  const [worker] = (await proxy.status()).workers;
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  await expect(proxy.apply(tableOf(), AbortSignal.timeout(50))).rejects.toMatchObject({
    name: "TimeoutError",
  });
  process.kill(worker?.pid ?? 0, "SIGKILL");
});

test("status and cut are given up while the worker hangs", async () => {
  const { proxy } = await startProxy();
  const [worker] = (await proxy.status()).workers;
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  const unreachable = { code: "PROXY_UNREACHABLE", message: expect.stringContaining("2000 ms") };
  await Promise.all([
    expect(proxy.status()).rejects.toMatchObject(unreachable),
    expect(proxy.cut("a")).rejects.toMatchObject(unreachable),
  ]);
  process.kill(worker?.pid ?? 0, "SIGKILL");
});

test("a worker that hangs is replaced, and what waited for it goes on", async () => {
  const { proxy } = await startProxy(0, { workerAnswerMs: 1_000 });
  const app = await startApp("served");
  const [worker] = (await proxy.status()).workers;
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  await proxy.apply(tableOf(upstream("a", app)));
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/^HTTP\/1.1 200 [\s\S]*served$/);
  expect((await proxy.status()).workers[0]?.pid).not.toBe(worker?.pid);
});

test("several controllers come and go; the holder stays the same", async () => {
  const { proxy, folder } = await startProxy();
  const second = await ensureProxy({
    stateDir: folder,
    socketPath: join(folder, "proxy.sock"),
    host: "127.0.0.1",
    port: proxy.port,
  });
  expect(second.holderPid).toBe(proxy.holderPid);
  await second.close();
  expect((await proxy.status()).holderPid).toBe(proxy.holderPid);
});

test("names address, port and owner when the port is taken", async () => {
  const stranger = createTcpServer();
  await listenUpstream(cleanup, stranger);
  const port = portOf(stranger);
  await expect(startProxy(port)).rejects.toMatchObject({
    code: "PORT_TAKEN",
    message: `127.0.0.1:${port} is held by process ${process.pid}`,
  });
});

test("garbage on the control socket ends that connection only", async () => {
  const { proxy, folder } = await startProxy();
  const stranger = connect(join(folder, "proxy.sock"));
  const closed = new Promise((resolve) => stranger.once("close", resolve));
  stranger.resume().write("GET / HTTP/1.1\r\n\r\n");
  await closed;
  await expect(
    proxy.apply(
      JSON.parse('{"generation":1,"ruleGeneration":1,"rule":{"kind":"odd"},"replicas":[]}'),
    ),
  ).rejects.toThrow("that is no route table");
  expect((await proxy.status()).workers).toHaveLength(1);
});

test("nobody answers where no proxy runs", async () => {
  const folder = await temporaryFolder(cleanup);
  expect(await connectProxy(join(folder, "proxy.sock"))).toBeNull();
});

test("stop lets a request finish, refuses new connections and leaves no process", async () => {
  const { proxy, folder } = await startProxy();
  const app = await openSlowApp(cleanup);
  await proxy.apply(tableOf(upstream("a", app.port)));
  const client = openClient(cleanup, proxy.port);
  client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(async () => (await proxy.status()).inFlight["a"] === 1);
  const [worker] = (await proxy.status()).workers;
  const stopped = proxy.stop({ timeoutMs: 5_000 });
  await eventually(async () => (await rawRequest(proxy.port, get("/"))) === "");
  app.finish();
  expect(await client.rest()).toMatch(/^HTTP\/1.1 200 [\s\S]*Connection: close[\s\S]*finished$/);
  await stopped;
  await untilGone(proxy.holderPid, worker?.pid ?? 0);
  expect(await connectProxy(join(folder, "proxy.sock"))).toBeNull();
});
