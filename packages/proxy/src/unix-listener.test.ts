import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { answersOn, listenUnix } from "./unix-listener.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening() {
  const dir = await mkdtemp(join(tmpdir(), "hitless-unix-"));
  closing.push(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "sockets", "one.sock");
  const server = createServer((socket) => socket.pipe(socket));
  const listener = await listenUnix(server, path);
  closing.push(async () => {
    await listener.remove();
    server.close();
  });
  return { dir, path, server, listener };
}

test("is there again after its folder was removed, and cuts nobody off", async () => {
  const { dir, path } = await listening();
  const client = connect(path);
  closing.push(() => client.destroy());
  await new Promise((resolve) => client.once("connect", resolve));
  await rm(join(dir, "sockets"), { recursive: true });
  expect(await answersOn(path)).toBe(false);
  await vi.waitUntil(() => answersOn(path), { timeout: 20_000 });
  expect(await echoOf(client)).toBe("hello");
});

test("leaves a path alone that another process has taken over", async () => {
  const one = await listening();
  const other = createServer();
  const successor = await listenUnix(other, one.path);
  closing.push(async () => {
    await successor.remove();
    other.close();
  });
  await one.listener.remove();
  expect(await answersOn(one.path)).toBe(true);
});

test("can be closed while it is being made again", async () => {
  vi.useFakeTimers({ toFake: ["setInterval"] });
  closing.push(() => vi.useRealTimers());
  const { dir, path, server, listener } = await listening();
  const client = connect(path);
  await new Promise((resolve) => client.once("connect", resolve));
  await rm(join(dir, "sockets"), { recursive: true });
  vi.advanceTimersByTime(1000);
  await listener.remove();
  const closed = new Promise((resolve) => server.close(resolve));
  client.destroy();
  expect(await closed).toBeUndefined();
  expect(server.listening).toBe(false);
});

function echoOf(client: Socket): Promise<string> {
  client.write("hello");
  return new Promise((resolve) => client.once("data", (data) => resolve(String(data))));
}
