import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { connectProxy, ensureProxy, type ProxyStatus } from "./index.ts";
import { LineSocket } from "./line-socket.ts";
import {
  Cleanup,
  eventually,
  get,
  openApp,
  openClient,
  openProxy,
  rawRequest,
  statusOf,
  tableOf,
  untilGone,
  upstream,
} from "./testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const pidsOf = ({ workers }: ProxyStatus) => workers.map(({ pid }) => pid).sort((a, b) => a - b);

test("a proxy is started when all of its workers serve", async () => {
  const { proxy } = await openProxy(cleanup, { workers: 4 });
  expect((await proxy.status()).workers).toHaveLength(4);
});

test("a table is acknowledged only when every worker serves by it, and one that dies is replaced", async () => {
  const { proxy } = await openProxy(cleanup, { workers: 2 });
  const before = await proxy.status();
  expect(before.workers).toHaveLength(2);
  const [, second] = before.workers;
  process.kill(second?.pid ?? 0, "SIGSTOP");
  let applied = false;
  const table = tableOf(upstream("a", await openApp(cleanup, "ok")));
  const applying = proxy.apply(table).then(() => {
    applied = true;
  });
  expect(await rawRequest(proxy.port, get("/"))).toContain("HTTP/1.1 ");
  expect(applied).toBe(false);
  process.kill(second?.pid ?? 0, "SIGKILL");
  await applying;
  await eventually(async () => (await proxy.status()).workers.length === 2);
  const { workers } = await proxy.status();
  expect(workers.map(({ generation }) => generation)).toEqual([table.generation, table.generation]);
  expect(workers.map(({ pid }) => pid)).not.toContain(second?.pid);
});

test("a holder that is killed is followed by one that commands all its workers, and counts on", async () => {
  const { proxy, socketPath } = await openProxy(cleanup, { workers: 3 });
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "ok"))));
  await Promise.all(Array.from({ length: 30 }, () => rawRequest(proxy.port, get("/"))));
  const before = await proxy.status();
  for (let n = 0; n < 2; n += 1) {
    const { holderPid } = await statusOf(socketPath);
    process.kill(holderPid, "SIGKILL");
    await untilGone(holderPid);
    const after = await statusOf(socketPath);
    expect(pidsOf(after)).toEqual(pidsOf(before));
    expect(after.traffic).toEqual(before.traffic);
    expect(after.revisions).toEqual(before.revisions);
  }
  await using next = await connectProxy(socketPath);
  const table = tableOf(upstream("b", await openApp(cleanup, "next")));
  await next?.apply(table);
  const answers = Array.from({ length: 10 }, () => rawRequest(proxy.port, get("/")));
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/next$/);
});

test("the worker that would start the next holder dies with this one: another one starts it", async () => {
  const { proxy, socketPath } = await openProxy(cleanup, { workers: 3 });
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "ok"))));
  const before = await proxy.status();
  const [first, ...others] = before.workers;
  process.kill(first?.pid ?? 0, "SIGKILL");
  process.kill(proxy.holderPid, "SIGKILL");
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/ok$/);
  // Two starts, one after the other.
  expect((await statusOf(socketPath)).holderPid).not.toBe(proxy.holderPid);
  await eventually(async () => (await statusOf(socketPath)).workers.length === 3);
  const after = await statusOf(socketPath);
  for (const { pid } of others) expect(pidsOf(after)).toContain(pid);
  expect(pidsOf(after)).not.toContain(first?.pid);
  expect(after.traffic.epoch).toBe(before.traffic.epoch);
  expect(after.traffic.totals.gaps).toBe(1);
});

test("a worker that cannot come to the next holder is waited for, and then ended", async () => {
  const { proxy, socketPath } = await openProxy(cleanup, {
    workers: 2,
    timeouts: { workerAnswerMs: 1_500 },
  });
  const { workers } = await proxy.status();
  const [, second] = workers;
  process.kill(second?.pid ?? 0, "SIGSTOP");
  process.kill(proxy.holderPid, "SIGKILL");
  await using next = await connectProxy(socketPath);
  // It could send requests by the old table once it goes on.
  await next?.apply(tableOf(upstream("a", await openApp(cleanup, "ok"))));
  await untilGone(second?.pid ?? 0);
  await eventually(async () => (await statusOf(socketPath)).workers.length === 2);
});

test("another number of workers refuses nobody: those that are too many end with their clients", async () => {
  const { proxy, folder, socketPath } = await openProxy(cleanup, { workers: 3 });
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "ok"))));
  const before = pidsOf(await proxy.status());
  const clients = Array.from({ length: 60 }, () => openClient(cleanup, proxy.port));
  for (const client of clients) client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  for (const client of clients) await client.until("ok");
  const host = "127.0.0.1";
  const options = { stateDir: folder, socketPath, host, port: proxy.port, workers: 1 };
  await using one = await ensureProxy(options);
  expect(one.holderPid).toBe(proxy.holderPid);
  for (const client of clients) {
    client.received = "";
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until("ok");
  }
  const closing = clients.filter(({ received }) => received.includes("Connection: close"));
  for (const client of closing) client.socket.end();
  await eventually(async () => (await proxy.status()).workers.length === 1);
  const after = await statusOf(socketPath);
  expect(before).toContain(pidsOf(after)[0]);
  expect(after.traffic.totals).toMatchObject({ answered: 2 * clients.length, gaps: 0 });
  await using more = await ensureProxy({ ...options, workers: 2 });
  await eventually(async () => (await more.status()).workers.length === 2);
});

test("what is no request is refused, and says why; nothing is obeyed", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  const client = await LineSocket.connect(socketPath);
  const answers: unknown[] = [];
  client?.onMessage((message) => answers.push(message));
  cleanup.add(() => client?.destroy());
  const requests = [
    { kind: "stop", timeoutMs: "x" },
    { kind: "stop", timeoutMs: -1 },
    { kind: "cut", replicaId: 7 },
    { kind: "workers", count: 33 },
    { kind: "workers", count: 0 },
    { kind: "launch" },
  ];
  for (const [id, request] of requests.entries()) client?.send({ id, ...request });
  await eventually(() => answers.length === requests.length + 1);
  expect(answers.slice(1).map((one) => JSON.stringify(one))).toEqual([
    '{"kind":"refused","id":0,"message":"timeoutMs must not be \\"x\\""}',
    '{"kind":"refused","id":1,"message":"timeoutMs must not be -1"}',
    '{"kind":"refused","id":2,"message":"replicaId must not be 7"}',
    '{"kind":"refused","id":3,"message":"count must not be 33"}',
    '{"kind":"refused","id":4,"message":"count must not be 0"}',
    '{"kind":"refused","id":5,"message":"kind must not be \\"launch\\""}',
  ]);
  expect((await proxy.status()).workers).toHaveLength(1);
});

const stranger = { kind: "here", process: { bootId: "x", pid: 999_999, startTime: "1" } };

test.each([
  { kind: "inForce", generation: 9 },
  stranger,
  { ...stranger, slot: 0, term: 1, counts: { totals: {}, revisions: {} } },
])("a stranger on the workers' socket is none of them: %j", async (word) => {
  const { proxy, folder } = await openProxy(cleanup);
  const socket = connect(join(folder, "workers.sock"));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => undefined).resume();
  socket.write(`${JSON.stringify(word)}\n`);
  await closed;
  const { workers, traffic } = await proxy.status();
  expect(workers).toHaveLength(1);
  expect(traffic.totals.gaps).toBe(0);
});
