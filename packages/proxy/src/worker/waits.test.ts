import type { Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  Cleanup,
  eventually,
  openClient,
  openPlane,
  type RawClient,
  rawRequest,
  rawUpstream,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function serving(port: number, timeouts = {}) {
  const opened = await openPlane(cleanup, timeouts);
  opened.plane.apply(tableOf(upstream("a", port)));
  return opened;
}

function okApp(): Promise<number> {
  return rawUpstream(cleanup, (socket, received) => {
    if (received.endsWith("\r\n\r\nxy"))
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
}

/** Writes until neither the proxy nor the kernel takes more; the replica reads nothing. */
async function fill(client: RawClient): Promise<void> {
  let sent = -1;
  await eventually(async () => {
    const before = sent;
    // One that was ended takes everything, and asks for no pause.
    while (client.socket.writable && !client.socket.writableNeedDrain) {
      client.socket.write(Buffer.alloc(65_536));
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    sent = client.socket.bytesWritten - client.socket.writableLength;
    return sent === before;
  });
}

const endlessPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n";

test("a replica that does not take the body is slow itself: 504, not a 408 for its client", async () => {
  const app = await rawUpstream(cleanup, (socket) => socket.pause());
  const { port } = await serving(app, { bodyIdleMs: 500, responseHeadMs: 1_500 });
  const client = openClient(cleanup, port);
  client.send(endlessPost);
  await fill(client);
  await client.until("X-Hitless-Reason:");
  expect(client.received).toMatch(/^HTTP\/1.1 504 [\s\S]*response-timeout/);
});

test("once the replica takes the body again, it is the client that is waited for", async () => {
  const replicas = new Set<Socket>();
  const app = await rawUpstream(cleanup, (socket) => {
    if (!replicas.has(socket)) socket.pause();
    replicas.add(socket);
  });
  const { port } = await serving(app, { bodyIdleMs: 500, responseHeadMs: 60_000 });
  const client = openClient(cleanup, port);
  client.send(endlessPost);
  await fill(client);
  expect(client.received).toBe("");
  for (const replica of replicas) replica.resume();
  await client.until("X-Hitless-Reason:");
  expect(client.received).toMatch(/^HTTP\/1.1 408 [\s\S]*body-timeout/);
});

test.each([
  ["GET / HT", { requestHeadMs: 60 }, 408, "head-timeout"],
  [
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
    { bodyIdleMs: 60 },
    408,
    "body-timeout",
  ],
  ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", { responseHeadMs: 60 }, 504, "response-timeout"],
])("waits for %j no longer than %j, then %i %s", async (...row) => {
  const [text, timeouts, status, reason] = row;
  const { port } = await serving(await rawUpstream(cleanup, () => undefined), timeouts);
  const client = openClient(cleanup, port);
  client.send(text);
  await client.until(`X-Hitless-Reason: ${reason}`);
  expect(client.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test.each(["\x16\x03\x01\x02", "\r\n\x16\x03\x01\x02", "\rG", " GET"])(
  "%j begins no head: it is refused, and nothing more is waited for",
  async (bytes) => {
    const { port } = await serving(await okApp());
    const client = openClient(cleanup, port);
    client.send(bytes);
    await client.until("X-Hitless-Reason: bad-request");
  },
);

test("ends a client connection that is idle for too long", async () => {
  const { port } = await serving(await okApp(), { clientIdleMs: 60 });
  const client = openClient(cleanup, port);
  expect(await client.rest()).toBe("");
});

test.each(["\r\n", "\r"])(
  "%j after a request begins no other one: the client stays idle",
  async (stray) => {
    const { port } = await serving(await okApp(), { requestHeadMs: 40, clientIdleMs: 400 });
    const client = openClient(cleanup, port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy${stray}`);
    await client.until(/ok$/);
    expect(await client.rest()).not.toContain("408");
  },
);

test("many whose time is up at once are all ended", async () => {
  const { plane, port } = await serving(await okApp(), { requestHeadMs: 60 });
  const clients = Array.from({ length: 100 }, () => openClient(cleanup, port));
  for (const client of clients) client.send("GET / HT");
  await Promise.all(clients.map((client) => client.until("X-Hitless-Reason: head-timeout")));
  expect(plane.status().answeredByProxy).toEqual({ "head-timeout": 100 });
});

test("who wrote while the process stood still is heard before anybody is late", async () => {
  const { port } = await serving(await okApp(), { clientIdleMs: 300, tickMs: 40 });
  const client = openClient(cleanup, port);
  await eventually(() => client.socket.readyState === "open");
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy");
  // As SIGSTOP or a suspended machine would.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
  await client.until(/ok$/);
});

test("a client that sent many requests and its FIN gets all answers, when it reads them at last", async () => {
  const many = 200;
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n${"a".repeat(60_000)}`;
  let asked = 0;
  const app = await rawUpstream(cleanup, (socket) => {
    asked += 1;
    socket.write(answer);
  });
  const { plane, port } = await serving(app);
  const client = openClient(cleanup, port);
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(many));
  // It is waited for: answers are stuck, and no request is under way.
  let before = -1;
  await eventually(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const same = asked > 0 && asked === before && plane.status().inFlight["a"] === 0;
    before = asked;
    return same;
  });
  expect(asked).toBeLessThan(many);
  client.socket.end();
  await new Promise((resolve) => client.socket.once("finish", resolve));
  // Who comes later is answered once the FIN was heard.
  await rawRequest(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  client.socket.resume();
  expect(await client.rest()).toHaveLength(many * answer.length);
});
