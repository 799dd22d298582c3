import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ensureProxy, ownBuild, type ProxyStatus } from "./index.ts";
import { ownEntry } from "./source-runtime.ts";
import { otherBuild, upgradeTo } from "./testing/other-build.ts";
import {
  Cleanup,
  connected,
  eventually,
  get,
  openApp,
  openClient,
  openProxy,
  openSlowApp,
  rawRequest,
  tableOf,
  untilGone,
  upstream,
} from "./testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const staying = ({ workers }: ProxyStatus) =>
  workers.filter(({ leaving }) => !leaving).map(({ pid }) => pid);

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("an upgrade replaces holder and workers; whoever is connected is served to the end", async () => {
  const { proxy, socketPath } = await openProxy(cleanup, { workers: 2 });
  const app = await openSlowApp(cleanup);
  const table = tableOf(upstream("a", app.port));
  await proxy.apply(table);
  const before = await proxy.status();
  const idle = openClient(cleanup, proxy.port);
  idle.send(request);
  await idle.until("quick");
  const busy = openClient(cleanup, proxy.port);
  busy.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  await eventually(async () => (await proxy.status()).inFlight["a"] === 1);
  await proxy.upgrade();
  const next = await connected(cleanup, socketPath);
  await untilGone(proxy.holderPid);
  await eventually(async () => staying(await next.status()).length === 2);
  const during = await next.status();
  const old = before.workers.map(({ pid }) => pid);
  expect(next.holderPid).not.toBe(proxy.holderPid);
  for (const pid of old) expect(staying(during)).not.toContain(pid);
  expect(during.inFlight["a"]).toBe(1);
  expect(during.traffic.epoch).toBe(before.traffic.epoch);
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/quick$/);
  expect([idle.ended, idle.closed]).toEqual([false, false]);
  idle.received = "";
  idle.send(request);
  await idle.until("quick");
  expect(idle.received).toContain("Connection: close");
  await eventually(() => idle.ended);
  app.finish();
  await busy.until("finished");
  for (const client of [idle, busy]) client.socket.end();
  await untilGone(...old);
  const after = await next.status();
  expect(after.workers).toHaveLength(2);
  expect(after.traffic.totals).toMatchObject({ answered: 4, gaps: 0 });
});

test("old workers keep taking tables as long as they have clients", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "first"))));
  const client = openClient(cleanup, proxy.port);
  client.send(request);
  await client.until("first");
  await proxy.upgrade();
  const next = await connected(cleanup, socketPath);
  await next.apply(tableOf(upstream("b", await openApp(cleanup, "second"))));
  client.send(request);
  await client.until("second");
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/second$/);
});

test("a table that is handed over while a holder is being replaced is in force in all, or asked for again", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "first"))));
  const upgraded = proxy.upgrade();
  const table = tableOf(upstream("b", await openApp(cleanup, "second")));
  const applied = await proxy.apply(table).catch(String);
  await upgraded;
  const next = await connected(cleanup, socketPath);
  if (applied !== undefined) {
    expect(applied).toContain("the connection to the proxy is closed");
    await next.apply(table);
  }
  const { workers } = await next.status();
  expect(workers.filter(({ generation }) => generation !== table.generation)).toEqual([]);
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/second$/);
});

test.each([
  ["is not there", "ended with code 1", null],
  ["ends at once", "ended with code 3", "process.exit(3);"],
  ["says why it does not start", "no luck", failing("no luck")],
])("a successor that %s is refused, and all goes on", async (_name, why, code) => {
  const { proxy, folder, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "as before"))));
  const { workers } = await proxy.status();
  const path = join(folder, "missing.mjs");
  if (code !== null) await writeFile(path, code);
  const entry = { ...ownEntry("holder/holder-main"), execArgv: [], path };
  expect(await upgradeTo(socketPath, entry)).toContain(why);
  await proxy.apply(tableOf(upstream("b", await openApp(cleanup, "and on"))));
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/and on$/);
  expect((await proxy.status()).workers.map(({ pid }) => pid)).toEqual(
    workers.map(({ pid }) => pid),
  );
});

function failing(message: string): string {
  const report = JSON.stringify({ kind: "failed", code: "X", message });
  return `process.send(${report}, undefined, {}, () => process.exit(1));`;
}

test("a successor whose workers do not start gives everything back", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "as before"))));
  const before = await proxy.status();
  const entry = await otherBuild(cleanup, { "worker/worker-main.ts": "process.exit(9);" });
  const why = await upgradeTo(socketPath, entry);
  expect(why).toMatch(/no worker serves: 3 in a row .* ended with code 9 before/);
  const after = await connected(cleanup, socketPath);
  expect(after.holderPid).toBe(proxy.holderPid);
  await after.apply(tableOf(upstream("b", await openApp(cleanup, "and on"))));
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/and on$/);
  expect(staying(await after.status())).toEqual(staying(before));
});

test("other code takes over, and is taken over from", async () => {
  const { proxy, socketPath } = await openProxy(cleanup);
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "served"))));
  expect(proxy.build).toBe(ownBuild());
  expect(await upgradeTo(socketPath, await otherBuild(cleanup))).toBeNull();
  const other = await connected(cleanup, socketPath);
  expect(other.build).not.toBe(ownBuild());
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/served$/);
  await other.upgrade();
  expect((await connected(cleanup, socketPath)).build).toBe(ownBuild());
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/served$/);
});

test("an old worker that outlives the whole proxy, and comes to the next one, brings no counts along", async () => {
  const { proxy, folder, socketPath } = await openProxy(cleanup);
  const replica = upstream("a", await openApp(cleanup, "served"));
  await proxy.apply(tableOf(replica));
  const client = openClient(cleanup, proxy.port);
  client.send(request);
  await client.until("served");
  await proxy.upgrade();
  const second = await connected(cleanup, socketPath);
  const [worker] = staying(await second.status());
  const killed = [second.holderPid, worker ?? 0];
  for (const pid of killed) process.kill(pid, "SIGKILL");
  await untilGone(...killed);
  const { port } = proxy;
  const options = { stateDir: folder, socketPath, host: "127.0.0.1", port };
  const next = await ensureProxy(options);
  cleanup.add(() => next.close());
  await next.apply(tableOf(replica));
  await eventually(async () => (await next.status()).workers.length === 2);
  expect((await next.status()).traffic.totals).toMatchObject({ answered: 0, gaps: 1 });
  client.received = "";
  client.send(request);
  await client.until("served");
  expect(await rawRequest(port, get("/"))).toMatch(/served$/);
  expect((await next.status()).traffic.totals).toMatchObject({ answered: 1, gaps: 1 });
});
