import { createServer as createHttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Preview, RouteTable } from "@hitless/core";
import type { Upstream } from "@hitless/proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../replicas/fixtures/bench.ts";
import { ask } from "../testing/engine-bed.ts";
import { PreviewListener } from "./preview.ts";

const opened: (() => unknown)[] = [];
let admitted: Upstream[] = [];
let changes = 0;
let preview: PreviewListener;

beforeEach(() => {
  admitted = [];
  changes = 0;
  preview = new PreviewListener({ admitted: () => admitted, changed: () => (changes += 1) });
  opened.push(() => preview.close());
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

test("answers from the replicas of its revision in turn, from no other", async () => {
  admitted = [await app("a", 2), await app("b", 2), await app("old", 1)];
  const port = await open(1, { port: await freePort(), revision: 2 });
  const seen = [];
  for (let n = 0; n < 4; n += 1) seen.push((await ask(port)).body);
  expect(seen).toEqual(["a", "b", "a", "b"]);
});

test("a replica that refuses is passed over, and with none the connection ends", async () => {
  admitted = [
    { id: "x", revision: 2, host: "127.0.0.1", port: await freePort() },
    await app("b", 2),
  ];
  const port = await open(1, { port: await freePort(), revision: 2 });
  for (let n = 0; n < 4; n += 1) expect((await ask(port)).body).toBe("b");
  admitted = [];
  expect((await ask(port)).status).toBe(0);
});

test("a port of somebody else is no error: it says who has it, and is taken once it is free", async () => {
  const other = createServer();
  const port = await listen(other);
  const table = tableOf(7, { port, revision: 2 });
  preview.follow(table);
  expect(preview.shut).toBe(`preview: port ${port} is not open yet`);
  await eventually("it says who", () => changes > 0);
  expect(preview.shut).toBe(`preview: port ${port} is held by process ${process.pid}`);
  expect(changes).toBe(1);
  admitted = [await app("a", 2)];
  await new Promise((resolve) => other.close(resolve));
  await eventually("it has the port", () => preview.shut === null);
  expect(changes).toBe(2);
  expect((await ask(port)).body).toBe("a");
});

test("a table without it closes the address; one that takes another port leaves the first", async () => {
  admitted = [await app("a", 2)];
  const first = await open(1, { port: await freePort(), revision: 2 });
  const second = await open(2, { port: await freePort(), revision: 2 });
  expect((await ask(second)).body).toBe("a");
  preview.follow(tableOf(3));
  expect(preview.shut).toBeNull();
  for (const port of [first, second]) expect((await ask(port)).status).toBe(0);
});

test("another revision at the same port: who was connected to the one before is cut off", async () => {
  const held: Socket[] = [];
  const server = createServer((socket) => void held.push(socket.resume()));
  admitted = [{ id: "a", revision: 2, host: "127.0.0.1", port: await listen(server) }];
  const port = await open(1, { port: await freePort(), revision: 2 });
  const waiting = ask(port);
  await eventually("the replica has it", () => held.length === 1);
  admitted.push(await app("b", 3));
  preview.follow(tableOf(2, { port, revision: 3 }));
  expect((await waiting).status).toBe(0);
  await eventually("so does the replica hear", () => held[0]?.closed === true);
  expect([(await ask(port)).body, preview.shut]).toEqual(["b", null]);
});

test("half an answer does not look like a whole one", async () => {
  const server = createServer((socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\nhalf", () => socket.resetAndDestroy());
  });
  admitted = [{ id: "a", revision: 2, host: "127.0.0.1", port: await listen(server) }];
  const port = await open(1, { port: await freePort(), revision: 2 });
  expect((await ask(port)).status).toBe(0);
});

/** Follows a table with that preview; its port, once it is open. */
async function open(generation: number, wanted: Preview): Promise<number> {
  preview.follow(tableOf(generation, wanted));
  await eventually("it is open", () => preview.shut === null);
  return wanted.port;
}

function tableOf(generation: number, wanted?: Preview): RouteTable {
  const rule = { kind: "byReplica", revisions: [1] } as const;
  return { generation, rule, ...(wanted === undefined ? {} : { preview: wanted }) };
}

async function app(id: string, revision: number): Promise<Upstream> {
  const server = createHttpServer((_request, response) => response.end(id));
  return { id, revision, host: "127.0.0.1", port: await listen(server) };
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on(
    "connection",
    (socket: Socket) => void sockets.add(socket.on("error", () => undefined)),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
