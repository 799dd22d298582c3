import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { connectProxy, ensureProxy, type ProxyStatus } from "./index.ts";
import {
  Cleanup,
  eventually,
  get,
  openApp,
  openClient,
  openProxy,
  openSlowApp,
  rawRequest,
  statusOf,
  tableOf,
  untilGone,
  upstream,
} from "./testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** Kills the holder and returns what its successor says. */
async function succeed(socketPath: string): Promise<ProxyStatus> {
  const { holderPid } = await statusOf(socketPath);
  process.kill(holderPid, "SIGKILL");
  await untilGone(holderPid);
  return await statusOf(socketPath);
}

test("a holder that is killed takes nothing with it, and the worker's next holder commands it", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  const app = await openSlowApp(cleanup);
  const table = tableOf(upstream("a", app.port));
  await proxy.apply(table);
  const [worker] = (await proxy.status()).workers;
  const idle = openClient(cleanup, proxy.port);
  idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await idle.until("quick");
  const busy = openClient(cleanup, proxy.port);
  busy.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  await eventually(async () => (await proxy.status()).inFlight["a"] === 1);
  const before = await proxy.status();
  await proxy.close();
  const after = await succeed(socketPath);
  expect(after.holderPid).not.toBe(proxy.holderPid);
  expect(after.workers).toEqual([worker]);
  expect(after.traffic).toEqual(before.traffic);
  idle.received = "";
  idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await idle.until("quick");
  app.finish();
  await busy.until("finished");
  await using next = await connectProxy(socketPath);
  await next?.apply(tableOf(upstream("b", await openApp(cleanup, "next table"))));
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/next table$/);
});

test("holders killed again and again, some while they start, leave one holder and the same worker", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "served"))));
  const { workers } = await proxy.status();
  const worker = workers[0]?.pid ?? 0;
  const seen = new Set([proxy.holderPid]);
  process.kill(proxy.holderPid, "SIGKILL");
  while (seen.size < 6) {
    // As soon as it runs: odd ones have not said a word yet.
    let started: number | undefined;
    await eventually(async () => {
      started = (await childrenOf(worker)).find((pid) => !seen.has(pid));
      return started !== undefined;
    });
    if (seen.size % 2 === 0) await statusOf(socketPath);
    seen.add(started ?? 0);
    process.kill(started ?? 0, "SIGKILL");
    expect(await rawRequest(proxy.port, get("/"))).toMatch(/served$/);
  }
  const last = await statusOf(socketPath);
  expect(last.workers).toEqual(workers);
  await untilGone(...seen);
  expect(await childrenOf(worker)).toEqual([last.holderPid]);
});

/** Process ids, zombies not counted. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").filter(Boolean).map(Number);
}

test("a worker that dies before its holder's successor is up is replaced by that one", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "still here"))));
  const [worker] = (await proxy.status()).workers;
  process.kill(proxy.holderPid, "SIGKILL");
  await eventually(async () => (await childrenOf(worker?.pid ?? 0)).length === 1);
  process.kill(worker?.pid ?? 0, "SIGKILL");
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/still here$/);
  const after = await statusOf(socketPath);
  expect(after.workers).toEqual([{ ...worker, pid: expect.any(Number) }]);
  expect(after.workers[0]?.pid).not.toBe(worker?.pid);
});

test("a worker whose holder dies before it said a word serves by the table on disk", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "from disk"))));
  const [worker] = (await proxy.status()).workers;
  process.kill(worker?.pid ?? 0, "SIGKILL");
  await eventually(async () =>
    (await childrenOf(proxy.holderPid)).some((pid) => pid !== worker?.pid),
  );
  process.kill(proxy.holderPid, "SIGKILL");
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/from disk$/);
  expect((await statusOf(socketPath)).workers[0]?.generation).toBe(worker?.generation);
});

test("a controller that looks for the proxy in that moment starts no second one", async () => {
  const { proxy, folder, socketPath } = await openProxy(cleanup);
  const { port } = proxy;
  process.kill(proxy.holderPid, "SIGKILL");
  const options = { stateDir: folder, socketPath, host: "127.0.0.1", port };
  const found = await Promise.all([ensureProxy(options), ensureProxy(options)]);
  const { workers } = await proxy.status().catch(() => statusOf(socketPath));
  const [holder] = await childrenOf(workers[0]?.pid ?? 0);
  for (const client of found) {
    expect(client.holderPid).toBe(holder);
    await client.close();
  }
});

test("what was counted stays counted when holders and workers are killed in turn", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "counted"))));
  const epoch = (await proxy.status()).traffic?.epoch;
  const answered = async () => (await statusOf(socketPath)).traffic?.totals.answered;
  for (const round of [1, 2]) {
    await rawRequest(proxy.port, get("/"));
    await eventually(async () => (await answered()) === 2 * round - 1);
    const { workers } = await succeed(socketPath);
    process.kill(workers[0]?.pid ?? 0, "SIGKILL");
    await rawRequest(proxy.port, get("/"));
    await eventually(async () => (await answered()) === 2 * round);
  }
  expect((await statusOf(socketPath)).traffic).toMatchObject({ epoch, totals: { gaps: 2 } });
});

test("a stop in that moment ends the successor and the worker", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  const [worker] = (await proxy.status()).workers;
  process.kill(proxy.holderPid, "SIGKILL");
  const next = await connectProxy(socketPath);
  await next?.stop({ timeoutMs: 100 });
  await untilGone(proxy.holderPid, next?.holderPid ?? 0, worker?.pid ?? 0);
  expect(await rawRequest(proxy.port, get("/"))).toBe("");
  expect(await connectProxy(socketPath)).toBeNull();
});

test("a table file that is none does not count: the worker's table does, and is written anew", async () => {
  const { proxy, folder, socketPath } = await openProxy(cleanup);
  const table = tableOf(upstream("a", await openApp(cleanup, "right table")));
  await proxy.apply(table);
  const file = join(folder, "proxy-table.json");
  await writeFile(file, "{ torn");
  await succeed(socketPath);
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/right table$/);
  await eventually(async () =>
    (await readFile(file, "utf8")).includes(`"generation":${table.generation}`),
  );
  expect(await readFile(join(folder, "proxy.log"), "utf8")).toContain(`${file} is no route table`);
});

test("a proxy starts over a table file that is none, and says so", async () => {
  const { proxy, folder, socketPath } = await openProxy(cleanup);
  await proxy.stop({ timeoutMs: 100 });
  await writeFile(join(folder, "proxy-table.json"), "{ torn");
  await using next = await ensureProxy({
    stateDir: folder,
    socketPath,
    host: "127.0.0.1",
    port: proxy.port,
  });
  expect(await rawRequest(next.port, get("/"))).toContain("no-table");
  const table = tableOf(upstream("a", await openApp(cleanup, "told anew")));
  await next.apply(table);
  expect(await rawRequest(next.port, get("/"))).toMatch(/told anew$/);
  expect(await readFile(join(folder, "proxy.log"), "utf8")).toContain("is no route table");
});
