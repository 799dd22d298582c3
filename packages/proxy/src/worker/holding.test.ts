import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { ProxyTable } from "../table.ts";
import {
  Cleanup,
  closedPort,
  eventually,
  get,
  openApp,
  openClient,
  openPlane,
  rawRequest,
  rawUpstream,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** Requests may wait for a minute: none of these tests waits for the end of that. */
function holding(table: ProxyTable, more: Partial<ProxyTable> = {}): ProxyTable {
  return { ...table, holdMs: 60_000, ...more };
}

const post = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";

async function openHolding() {
  const { plane, port } = await openPlane(cleanup);
  const rule = { kind: "byReplica", revisions: [1] } as const;
  plane.apply({ ...holding(tableOf()), rule });
  return { plane, port };
}

test("a request that finds no replica waits for the table that brings one, whatever its method", async () => {
  const { plane, port } = await openHolding();
  const clients = [get("/"), post].map((text) => {
    const client = openClient(cleanup, port);
    client.send(text);
    return client;
  });
  await eventually(() => plane.held.size === 2);
  plane.apply(holding(tableOf(upstream("a", await openApp(cleanup, "here")))));
  for (const client of clients) expect(await client.rest()).toMatch(/^HTTP\/1\.1 200 .*here$/s);
  expect(plane.held.size).toBe(0);
});

test("where nobody may wait the 503 comes at once", async () => {
  const { plane, port } = await openPlane(cleanup);
  plane.apply(tableOf());
  const answer = await rawRequest(port, get("/"));
  expect(answer).toMatch(/^HTTP\/1\.1 503 .*X-Hitless-Reason: no-replica\r\n.*Retry-After: 1/s);
});

test("who has waited for as long as the table allows gets the 503, and the next table may allow less", async () => {
  const { plane, port } = await openHolding();
  const client = openClient(cleanup, port);
  client.send(get("/"));
  await eventually(() => plane.held.size === 1);
  plane.apply(holding(tableOf(), { holdMs: 1 }));
  expect(await client.rest()).toContain("X-Hitless-Reason: no-replica");
});

test("when the only replica refuses, requests wait and are sent when it listens again on the same port", async () => {
  const { plane, port } = await openPlane(cleanup);
  const replicaPort = await closedPort();
  plane.apply(holding(tableOf(upstream("a", replicaPort))));
  const clients = Array.from({ length: 200 }, () => openClient(cleanup, port));
  for (const client of clients) client.send(post);
  await eventually(() => plane.held.size === 200);
  const served = await listenOn(replicaPort, "back");
  for (const client of clients) expect(await client.rest()).toMatch(/^HTTP\/1\.1 200 .*back$/s);
  expect(served.requests).toBe(200);
});

test("a GET whose only replica dies with it waits and is answered by the next process, a POST gets a 502", async () => {
  const { plane, port } = await openPlane(cleanup);
  const dying: Socket[] = [];
  const oldPort = await rawUpstream(cleanup, (socket) => dying.push(socket));
  plane.apply(holding(tableOf(upstream("a", oldPort))));
  const [first, second] = [openClient(cleanup, port), openClient(cleanup, port)];
  first.send(get("/"));
  second.send(post);
  await eventually(() => dying.length === 2);
  plane.apply(holding(tableOf(), { rule: { kind: "byReplica", revisions: [1] } }));
  for (const socket of dying) socket.resetAndDestroy();
  expect(await second.rest()).toMatch(/^HTTP\/1\.1 502 .*X-Hitless-Reason: upstream-closed/s);
  await eventually(() => plane.held.size === 1);
  plane.apply(holding(tableOf(upstream("a", await openApp(cleanup, "next")))));
  expect(await first.rest()).toMatch(/^HTTP\/1\.1 200 .*next$/s);
});

test("a GET that kills every process it is sent to is given up after three", async () => {
  const { plane, port } = await openPlane(cleanup);
  let executions = 0;
  const replicaPort = await rawUpstream(cleanup, (socket) => {
    executions += 1;
    socket.resetAndDestroy();
  });
  plane.apply(holding(tableOf(upstream("a", replicaPort))));
  expect(await rawRequest(port, get("/"))).toMatch(/^HTTP\/1\.1 502 .*upstream-closed/s);
  expect(executions).toBe(3);
});

test("a held body beyond 64 KB is not read on, and arrives whole", async () => {
  const { plane, port } = await openHolding();
  const body = "x".repeat(4 << 20);
  const client = connect({ port, host: "127.0.0.1" });
  cleanup.add(() => client.destroy());
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await eventually(() => plane.held.size === 1 && client.writableLength > 0);
  let length = 0;
  const replicaPort = await rawUpstream(cleanup, (socket, received) => {
    length = received.length - received.indexOf("\r\n\r\n") - 4;
    if (length === body.length) socket.write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  plane.apply(holding(tableOf(upstream("a", replicaPort))));
  await eventually(() => length === body.length);
});

test("a held request whose client breaks the connection is dropped", async () => {
  const { plane, port } = await openHolding();
  const client = openClient(cleanup, port);
  client.send(get("/"));
  await eventually(() => plane.held.size === 1);
  client.socket.resetAndDestroy();
  await eventually(() => plane.held.size === 0);
});

test("who still waits when the worker ends gets the 503: nothing was sent", async () => {
  const { plane, port } = await openHolding();
  const client = openClient(cleanup, port);
  client.send(get("/"));
  await eventually(() => plane.held.size === 1);
  plane.cut(null);
  expect(await client.rest()).toMatch(/^HTTP\/1\.1 503 .*X-Hitless-Reason: no-replica/s);
});

test("maintenance keeps requests from a replica that is there, and its end lets them go", async () => {
  const { plane, port } = await openPlane(cleanup);
  const replica = upstream("a", await openApp(cleanup, "open"));
  plane.apply(holding(tableOf(replica), { maintenance: "soon" }));
  const client = openClient(cleanup, port);
  client.send(get("/"));
  await eventually(() => plane.held.size === 1);
  plane.apply(holding(tableOf(replica)));
  expect(await client.rest()).toMatch(/^HTTP\/1\.1 200 .*open$/s);
});

test("maintenance that holds nobody answers at once: a page for who takes HTML, else text", async () => {
  const { plane, port } = await openPlane(cleanup);
  const replica = upstream("a", await openApp(cleanup, "open"));
  plane.apply({ ...tableOf(replica), holdMs: 0, maintenance: "Back at <12>." });
  const accept = "Accept: text/html,application/xhtml+xml\r\n";
  const page = await rawRequest(port, get("/").replace("\r\n\r\n", `\r\n${accept}\r\n`));
  expect(page).toMatch(/^HTTP\/1\.1 503 .*X-Hitless-Reason: maintenance\r\n.*Retry-After: 30/s);
  expect(page).toContain("<p>Back at &lt;12&gt;.</p>");
  expect(await rawRequest(port, get("/"))).toMatch(/text\/plain.*Back at <12>\.\nrequest id: .*$/s);
});

/** Serves POSTs on a port that was free a moment ago. */
async function listenOn(port: number, answer: string) {
  const served = { requests: 0 };
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      if (!data.toString("latin1").endsWith("hi")) return;
      served.requests += 1;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`);
    });
  });
  cleanup.add(() => new Promise((closed) => server.close(closed)));
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  return served;
}
