import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { askHolder, ensureProxy } from "./index.ts";
import {
  Cleanup,
  eventually,
  get,
  openApp,
  openProxy,
  rawRequest,
  tableOf,
  temporaryFolder,
  upstream,
} from "./testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

test("a worker is started over a folder that was removed, and the folder made again", async () => {
  const root = await temporaryFolder(cleanup);
  const folder = join(root, "proxy");
  const socketPath = join(root, "proxy.sock");
  const proxy = await ensureProxy({ stateDir: folder, socketPath, host: "127.0.0.1", port: 0 });
  cleanup.add(() => proxy.stop({ timeoutMs: 100 }));
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "as before"))));
  const [worker] = (await proxy.status()).workers;
  await rm(folder, { recursive: true });
  process.kill(worker?.pid ?? 0, "SIGKILL");
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/as before$/);
  const table = tableOf(upstream("b", await openApp(cleanup, "and on")));
  await proxy.apply(table);
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/and on$/);
  const file = await readFile(join(folder, "proxy-table.json"), "utf8");
  expect(file).toContain(`"generation":${table.generation}`);
  expect(await readFile(join(folder, "proxy.log"), "utf8")).toContain(`${folder} was removed`);
});

test("a worker is started where nothing is left of the folder's surroundings, and makes none", async () => {
  const root = await temporaryFolder(cleanup);
  const app = join(root, "app");
  const socketPath = join(root, "proxy.sock");
  const options = { stateDir: join(app, "proxy"), socketPath, host: "127.0.0.1", port: 0 };
  const proxy = await ensureProxy(options);
  cleanup.add(() => proxy.stop({ timeoutMs: 100 }));
  await proxy.apply(tableOf(upstream("a", await openApp(cleanup, "as before"))));
  const [worker] = (await proxy.status()).workers;
  await rm(app, { recursive: true });
  process.kill(worker?.pid ?? 0, "SIGKILL");
  expect(await rawRequest(proxy.port, get("/"))).toMatch(/as before$/);
  await expect(readFile(app)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a holder whose workers do not start says so, and why", async () => {
  const { proxy, folder, socketPath } = await openProxy(cleanup);
  const seen = new Set((await proxy.status()).workers.map(({ pid }) => pid));
  for (const pid of seen) process.kill(pid, "SIGKILL");
  while (seen.size < 4) {
    const pid = await startedBy(proxy.holderPid, seen);
    seen.add(pid);
    process.kill(pid, "SIGKILL");
  }
  const sign = await askHolder(socketPath, new AbortController().signal);
  expect(sign).toMatchObject({ holderPid: proxy.holderPid, worker: { serves: false } });
  await eventually(async () => {
    const answer = await proxy.status().catch(String);
    return typeof answer !== "string";
  });
  expect(await readFile(join(folder, "proxy.log"), "utf8")).toContain(
    "was ended by SIGKILL before it served, 3 in a row",
  );
});

test("its own processes are never taken for strangers that hold the port", async () => {
  const { proxy, folder, socketPath } = await openProxy(cleanup);
  const { port, holderPid } = proxy;
  const options = { stateDir: folder, socketPath, host: "127.0.0.1", port };
  const both = [holderPid, ...(await proxy.status()).workers.map(({ pid }) => pid)];
  for (const pid of both) process.kill(pid, "SIGSTOP");
  cleanup.add(async () => {
    for (const pid of both) process.kill(pid, "SIGCONT");
    await proxy.stop({ timeoutMs: 100 });
  });
  const silent = { code: "PROXY_UNREACHABLE", message: expect.stringContaining("does not answer") };
  await expect(ensureProxy(options)).rejects.toMatchObject(silent);
  // As at a logout, with nobody who could make them again.
  for (const name of ["proxy.sock", "worker-0.sock"]) await rm(join(folder, name));
  const lost = { code: "PROXY_UNREACHABLE", message: expect.stringContaining("own proxy") };
  await expect(ensureProxy({ ...options, stateDir: join(folder, "other") })).rejects.toMatchObject(
    lost,
  );
});

async function startedBy(holder: number, seen: ReadonlySet<number>): Promise<number> {
  let started: number | undefined;
  await eventually(async () => {
    const text = await readFile(`/proc/${holder}/task/${holder}/children`, "utf8");
    started = text
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number)
      .find((pid) => !seen.has(pid));
    return started !== undefined;
  });
  return started ?? 0;
}
