import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  Cleanup,
  closedPort,
  eventually,
  listenUpstream,
  openClient,
  openPlane,
  rawRequest,
  rawUpstream,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const getClose = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const postClose = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nxy";
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

interface App {
  readonly port: number;
  readonly server: Server;
  connections: number;
  requests: number;
}

async function app(listener: RequestListener): Promise<App> {
  const server = createServer((request, response) => {
    state.requests += 1;
    listener(request, response);
  });
  const state = { port: 0, server, connections: 0, requests: 0 };
  server.on("connection", () => {
    state.connections += 1;
  });
  state.port = await listenUpstream(cleanup, server);
  return state;
}

test("reuses a connection, and destroys it when its replica leaves the table", async () => {
  const { plane, port } = await openPlane(cleanup);
  const one = await app((_request, response) => response.end("one"));
  plane.apply(tableOf(upstream("a", one.port)));
  for (let i = 0; i < 3; i += 1) await rawRequest(port, getClose);
  expect(one.connections).toBe(1);
  expect(plane.status().idleUpstream).toEqual({ a: 1 });
  plane.apply(tableOf());
  expect(plane.status().idleUpstream).toEqual({});
  await eventually(
    () =>
      new Promise<boolean>((resolve) =>
        one.server.getConnections((_error, count) => resolve(count === 0)),
      ),
  );
});

test("a request in flight on a replica that left finishes there and its connection is not kept", async () => {
  const { plane, port } = await openPlane(cleanup);
  let finish: () => void = () => undefined;
  const one = await app((_request, response) => {
    finish = () => response.end("old");
  });
  const two = await app((_request, response) => response.end("new"));
  plane.apply(tableOf(upstream("a", one.port)));
  const client = openClient(cleanup, port);
  client.send(get);
  await eventually(() => one.requests === 1);
  plane.apply(tableOf(upstream("b", two.port, 2)));
  expect(plane.status().inFlight).toEqual({ a: 1, b: 0 });
  expect(await rawRequest(port, getClose)).toMatch(/new$/);
  finish();
  await client.until(/old$/);
  expect(plane.status().inFlight).toEqual({ b: 0 });
  await eventually(
    () =>
      new Promise<boolean>((resolve) =>
        one.server.getConnections((_error, count) => resolve(count === 0)),
      ),
  );
});

test.each([
  ["Keep-Alive: timeout=1\r\n", 0],
  ["Keep-Alive: timeout=30\r\n", 1],
  ["Connection: close\r\n", 0],
  ["", 1],
])("after an answer with %j keeps %i idle connection", async (line, kept) => {
  const { plane, port } = await openPlane(cleanup);
  const raw = await rawUpstream(cleanup, (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\n${line}Content-Length: 2\r\n\r\nok`),
  );
  plane.apply(tableOf(upstream("a", raw)));
  await rawRequest(port, getClose);
  expect(plane.status().idleUpstream["a"]).toBe(kept);
});

test("bytes after an answer spoil the connection", async () => {
  const { plane, port } = await openPlane(cleanup);
  const raw = await rawUpstream(cleanup, (socket) => socket.write(`${ok}HTTP/1.1 200 Forged\r\n`));
  plane.apply(tableOf(upstream("a", raw)));
  expect(await rawRequest(port, getClose)).toMatch(/ok$/);
  expect(plane.status().idleUpstream).toEqual({ a: 0 });
});

test("bytes on an idle connection, or its end, remove it from the pool", async () => {
  const { plane, port } = await openPlane(cleanup);
  const sockets = new Set<{ write(text: string): unknown; end(): unknown }>();
  const raw = await rawUpstream(cleanup, (socket) => {
    sockets.add(socket);
    socket.write(ok);
  });
  plane.apply(tableOf(upstream("a", raw)));
  await rawRequest(port, getClose);
  for (const socket of sockets) socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n");
  await eventually(() => plane.status().idleUpstream["a"] === 0);
  sockets.clear();
  await rawRequest(port, getClose);
  expect(plane.status().idleUpstream).toEqual({ a: 1 });
  for (const socket of sockets) socket.end();
  await eventually(() => plane.status().idleUpstream["a"] === 0);
});

test("a refused connection is retried elsewhere, POSTs too", async () => {
  const { plane, port } = await openPlane(cleanup);
  const one = await app((request, response) =>
    request.resume().on("end", () => response.end("ok")),
  );
  plane.apply(tableOf(upstream("gone", await closedPort()), upstream("b", one.port, 2)));
  for (let i = 0; i < 30; i += 1) expect(await rawRequest(port, postClose)).toMatch(/ok$/);
  const { revisions } = plane.status();
  expect(revisions["2"]).toMatchObject({ requests: 30, status2xx: 30 });
  expect(revisions["1"]?.requests).toBe(0);
  expect(revisions["1"]?.retries).toBeGreaterThan(0);
});

test("when nobody accepts, nothing was sent: 503, retry later", async () => {
  const { plane, port } = await openPlane(cleanup);
  plane.apply(tableOf(upstream("a", await closedPort())));
  const answer = await rawRequest(port, postClose);
  expect(answer).toMatch(/^HTTP\/1.1 503 [\s\S]*connect-failed[\s\S]*Retry-After: 1/);
  expect(plane.status().revisions["1"]).toMatchObject({
    requests: 1,
    connectionErrors: 3,
    retries: 2,
  });
  expect(plane.status().inFlight).toEqual({ a: 0 });
});

test("without replicas: 503 and the connection stays usable", async () => {
  const { plane, port } = await openPlane(cleanup);
  plane.apply(tableOf());
  const client = openClient(cleanup, port);
  client.send(get);
  await client.until("Retry-After: 1");
  const raw = await rawUpstream(cleanup, (socket) => socket.write(ok));
  plane.apply(tableOf(upstream("a", raw)));
  client.send(get);
  await client.until(/503[\s\S]*no-replica[\s\S]*200 OK/);
});

/** Closes each connection once a full request was read, without a byte of answer. */
async function killed(): Promise<{ port: number; readonly requests: () => number }> {
  let requests = 0;
  const server = createTcpServer((socket) =>
    socket.on("data", () => {
      requests += 1;
      socket.destroy();
    }),
  );
  return { port: await listenUpstream(cleanup, server), requests: () => requests };
}

test("a replica killed under a GET costs nothing: another one answers", async () => {
  const { plane, port } = await openPlane(cleanup);
  const dying = await killed();
  const one = await app((_request, response) => response.end("alive"));
  plane.apply(tableOf(upstream("a", dying.port), upstream("b", one.port)));
  for (let i = 0; i < 6; i += 1) expect(await rawRequest(port, getClose)).toMatch(/alive$/);
  expect(dying.requests()).toBeGreaterThan(0);
  expect(one.requests).toBe(6);
});

test("a small PUT body is sent again in full", async () => {
  const { plane, port } = await openPlane(cleanup);
  const dying = await killed();
  const bodies: string[] = [];
  const one = await app((request, response) => {
    let body = "";
    request.on("data", (data: Buffer) => {
      body += data.toString();
    });
    request.on("end", () => {
      bodies.push(body);
      response.end("alive");
    });
  });
  plane.apply(tableOf(upstream("a", dying.port), upstream("b", one.port)));
  for (const body of ["first", "second"]) {
    const text = `PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(await rawRequest(port, text)).toMatch(/alive$/);
  }
  expect(bodies).toEqual(["first", "second"]);
  expect(dying.requests()).toBeGreaterThan(0);
});

test.each([
  ["a POST", postClose],
  [
    "a PUT beyond 64 KB",
    `PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 70000\r\n\r\n${"x".repeat(70_000)}`,
  ],
])("%s is never sent twice once bytes left", async (_name, text) => {
  const { plane, port } = await openPlane(cleanup);
  let requests = 0;
  const dying = createTcpServer((socket) => {
    requests += 1;
    let length = 0;
    socket.on("data", (data: Buffer) => {
      length += data.length;
      if (length >= text.length) socket.destroy();
    });
  });
  const dyingPort = await listenUpstream(cleanup, dying);
  plane.apply(tableOf(upstream("a", dyingPort), upstream("b", dyingPort)));
  expect(await rawRequest(port, text)).toMatch(/^HTTP\/1.1 502 [\s\S]*upstream-closed/);
  expect(requests).toBe(1);
  expect(plane.status().revisions["1"]).toMatchObject({
    requests: 1,
    connectionErrors: 1,
    retries: 0,
  });
});

test("nothing is retried after a byte of answer", async () => {
  const { plane, port } = await openPlane(cleanup);
  let requests = 0;
  const raw = await rawUpstream(cleanup, (socket) => {
    requests += 1;
    socket.end("HTTP/1.1 200");
  });
  plane.apply(tableOf(upstream("a", raw), upstream("b", raw)));
  expect(await rawRequest(port, getClose)).toMatch(/^HTTP\/1.1 502 [\s\S]*upstream-closed/);
  expect(requests).toBe(1);
});

test("retries end with their budget", async () => {
  const { plane, port } = await openPlane(cleanup);
  const dying = await killed();
  plane.apply(tableOf(upstream("a", dying.port)));
  const answers = await Promise.all(Array.from({ length: 40 }, () => rawRequest(port, getClose)));
  expect(answers.every((one) => one.includes("upstream-closed"))).toBe(true);
  // At most 10 a second, or a fifth of 40; a slow machine may see a second second begin.
  expect(dying.requests()).toBeLessThan(40 + 30);
});

test("the least busy replica gets the request, equals take turns", async () => {
  const { plane, port } = await openPlane(cleanup);
  const finish: (() => void)[] = [];
  const busy = await app((_request, response) => finish.push(() => response.end("busy")));
  const others = await Promise.all(
    ["b", "c"].map(() => app((_request, response) => response.end("quick"))),
  );
  const [b, c] = others;
  plane.apply(tableOf(upstream("a", busy.port)));
  const client = openClient(cleanup, port);
  client.send(get);
  await eventually(() => finish.length === 1);
  plane.apply(
    tableOf(upstream("a", busy.port), upstream("b", b?.port ?? 0), upstream("c", c?.port ?? 0)),
  );
  for (let i = 0; i < 20; i += 1) expect(await rawRequest(port, getClose)).toMatch(/quick$/);
  expect(b?.requests).toBeGreaterThan(5);
  expect(c?.requests).toBeGreaterThan(5);
});

test("cut ends what is in flight: 502 before an answer, a broken connection after its start", async () => {
  const { plane, port } = await openPlane(cleanup);
  const one = await app((request, response) => {
    if (request.url === "/stream") response.write("begun");
  });
  plane.apply(tableOf(upstream("a", one.port)));
  const waiting = openClient(cleanup, port);
  waiting.send(get);
  const streaming = openClient(cleanup, port);
  streaming.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  await streaming.until("begun");
  await eventually(() => plane.status().inFlight["a"] === 2);
  plane.apply(tableOf());
  expect(plane.cut("a")).toBe(2);
  await waiting.until("X-Hitless-Reason: cut");
  await eventually(() => streaming.closed);
  expect(plane.status().inFlight).toEqual({});
  expect(plane.status().revisions["1"]?.cut).toBe(2);
});

/** Answers the first request with 101, then echoes; says bye when the client ended its half. */
function webSocketLike(): Promise<number> {
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.once("data", () => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nwelcome;",
      );
      socket.on("data", (data: Buffer) => socket.write(data));
    });
    socket.on("end", () => socket.end("bye"));
  });
  return listenUpstream(cleanup, server);
}

const upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

test("an upgrade becomes a tunnel, counted in flight, with a half-close each way", async () => {
  const { plane, port } = await openPlane(cleanup);
  plane.apply(tableOf(upstream("a", await webSocketLike())));
  const client = openClient(cleanup, port);
  client.send(upgrade);
  await client.until(/^HTTP\/1.1 101 [\s\S]*Upgrade: echo\r\n\r\nwelcome;$/);
  client.send("ping");
  await client.until("ping");
  expect(plane.status().inFlight).toEqual({ a: 1 });
  client.socket.end();
  expect(await client.rest()).toMatch(/welcome;pingbye$/);
  await eventually(() => plane.status().inFlight["a"] === 0);
  expect(plane.status().revisions["1"]).toMatchObject({ requests: 1, status1xx: 1 });
});

test("a tunnel survives its replica leaving the table, until it is cut", async () => {
  const { plane, port } = await openPlane(cleanup);
  plane.apply(tableOf(upstream("a", await webSocketLike())));
  const client = openClient(cleanup, port);
  client.send(upgrade);
  await client.until("welcome");
  plane.apply(tableOf());
  client.send("still");
  await client.until("still");
  expect(plane.cut("a")).toBe(1);
  await eventually(() => client.closed);
  expect(plane.status().inFlight).toEqual({});
});

test("an upgrade that is declined is a plain answer, and the connection serves on", async () => {
  const { plane, port } = await openPlane(cleanup);
  const one = await app((_request, response) => response.end("no"));
  plane.apply(tableOf(upstream("a", one.port)));
  const client = openClient(cleanup, port);
  client.send(upgrade);
  await client.until(/200 OK[\s\S]*no/);
  client.send(getClose);
  expect(await client.rest()).toMatch(/no[\s\S]*200 OK[\s\S]*no/);
});

test("revisions that left long ago are forgotten, with all that they counted", async () => {
  const { plane } = await openPlane(cleanup);
  for (let revision = 1; revision <= 100; revision += 1) {
    plane.apply(tableOf(upstream("first", 1, 1), upstream(`r${revision}`, 2, revision)));
  }
  const kept = Object.keys(plane.status().revisions).map(Number);
  expect(kept).toEqual([1, ...Array.from({ length: 31 }, (_, index) => 70 + index)]);
});

test("the end of the client ends its request upstream", async () => {
  const { plane, port } = await openPlane(cleanup);
  const one = await app(() => undefined);
  plane.apply(tableOf(upstream("a", one.port)));
  const client = openClient(cleanup, port);
  client.send(get);
  await eventually(() => one.requests === 1);
  client.socket.resetAndDestroy();
  await eventually(() => plane.status().inFlight["a"] === 0);
});

test.each([
  [100, "HTTP/1.1 200 OK"],
  [101, "HTTP/1.1 502 Bad Gateway"],
])("after %i interim answers to one request: %s", async (count, answer) => {
  const { plane, port } = await openPlane(cleanup);
  const hints = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count);
  const flood = await rawUpstream(cleanup, (socket) => socket.write(hints + ok));
  plane.apply(tableOf(upstream("a", flood)));
  // Each request has its own.
  const client = openClient(cleanup, port);
  client.send(get);
  await client.until(answer);
  client.send(getClose);
  expect((await client.rest()).split(answer)).toHaveLength(3);
});
