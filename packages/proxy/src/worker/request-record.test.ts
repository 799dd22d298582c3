import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  Cleanup,
  closedPort,
  eventually,
  get,
  listenUpstream,
  openClient,
  openPlane,
  rawRequest,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const stalledAfterMs = 100;
const post = (body: string, length = body.length) =>
  `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${body}`;

/** Revision 1 is the first server, and so on. */
async function planeOver(...servers: readonly (Server | number)[]) {
  const opened = await openPlane(cleanup, { stalledAfterMs });
  const ports = await Promise.all(
    servers.map((one) => (typeof one === "number" ? one : listenUpstream(cleanup, one))),
  );
  opened.plane.apply(tableOf(...ports.map((port, i) => upstream(`r${i}`, port, i + 1))));
  const counts = (revision = 1) => {
    const { requests = 0, errors = 0, stalled = 0 } = opened.plane.revisions[revision] ?? {};
    return { requests, errors, stalled };
  };
  return { ...opened, counts };
}

const app = (listener: RequestListener) => createServer(listener);
const dying = () => createTcpServer((socket) => socket.once("data", () => socket.destroy()));

/** Keeps each request until it is told how to answer it. */
function slow() {
  const waiting: ServerResponse[] = [];
  return {
    waiting,
    server: app((request, response) => request.resume() && waiting.push(response)),
  };
}

test("answers of 5xx are errors, no others are", async () => {
  const statuses = [200, 302, 404, 500, 503];
  const { port, counts } = await planeOver(
    app((_in, out) => void out.writeHead(statuses.pop() ?? 200).end("x")),
  );
  for (let n = 5; n > 0; n -= 1) await rawRequest(port, get("/"));
  expect(counts()).toEqual({ requests: 5, errors: 2, stalled: 0 });
});

test("a request that nobody answers is one of the revision that was asked last", async () => {
  const broken = await planeOver(dying());
  await rawRequest(broken.port, post("xy"));
  expect(broken.counts()).toEqual({ requests: 1, errors: 1, stalled: 0 });
  const refused = await planeOver(await closedPort());
  await rawRequest(refused.port, get("/"));
  expect(refused.counts()).toEqual({ requests: 1, errors: 1, stalled: 0 });
});

test("one that another revision answered in the end is an error of nobody", async () => {
  const { port, counts } = await planeOver(
    dying(),
    app((_in, out) => out.end("ok")),
  );
  for (let n = 0; n < 4; n += 1) await rawRequest(port, get("/"));
  expect([counts(1), counts(2)]).toEqual([
    { requests: 0, errors: 0, stalled: 0 },
    { requests: 4, errors: 0, stalled: 0 },
  ]);
});

test("half an answer is an error; what ends with the drain budget is none, once it has begun", async () => {
  const { plane, port, counts } = await planeOver(
    app(({ url }, out) => {
      out.writeHead(200, { "Content-Length": 10 }).write("half");
      if (url === "/dies") setImmediate(() => out.destroy());
    }),
  );
  await rawRequest(port, get("/dies"));
  expect(counts()).toEqual({ requests: 1, errors: 1, stalled: 0 });
  const client = openClient(cleanup, port);
  client.send(get("/lasts"));
  await client.until("half");
  plane.cut("r0");
  await client.rest();
  expect(counts()).toEqual({ requests: 2, errors: 1, stalled: 0 });
});

test.each([200, 503])("one that stalls counts once, whatever comes later: %i", async (status) => {
  const { waiting, server } = slow();
  const { port, counts } = await planeOver(server);
  const answer = rawRequest(port, post("xy"));
  await eventually(() => counts().stalled === 1);
  expect(counts()).toEqual({ requests: 1, errors: 1, stalled: 1 });
  waiting[0]?.writeHead(status).end("late");
  expect(await answer).toContain("late");
  expect(counts()).toEqual({ requests: 1, errors: 1, stalled: 1 });
});

test("who leaves before the next look has waited all the same; who leaves early has not", async () => {
  for (const [tickMs, stalled] of [
    [60_000, 1],
    [20, 0],
  ] as const) {
    const { server, waiting } = slow();
    const { plane, port, counts } = await planeOver(server);
    plane.timeouts = {
      ...plane.timeouts,
      stalledAfterMs: tickMs === 20 ? 60_000 : stalledAfterMs,
      tickMs,
    };
    const client = openClient(cleanup, port);
    client.send(get("/"));
    await eventually(() => waiting.length === 1);
    await passed(stalledAfterMs);
    client.socket.resetAndDestroy();
    await eventually(() => plane.clients.size === 0);
    expect(counts().stalled).toBe(stalled);
  }
});

test("a client that takes its time with the body is not kept waiting, nor is one whose answer has begun", async () => {
  const { waiting, server } = slow();
  const { plane, port, counts } = await planeOver(server);
  const client = openClient(cleanup, port);
  client.send(post("x", 2));
  await eventually(() => waiting.length === 1);
  await ticksFor(plane, 3 * stalledAfterMs);
  waiting[0]?.flushHeaders();
  await client.until("200 OK");
  client.send("y");
  await ticksFor(plane, 3 * stalledAfterMs);
  waiting[0]?.end("done");
  await client.until("done");
  expect(counts()).toEqual({ requests: 1, errors: 0, stalled: 0 });
});

async function passed(ms: number): Promise<void> {
  const since = performance.now();
  await eventually(() => performance.now() - since >= ms);
}

/** Deadlines were looked at for so long. */
async function ticksFor(plane: { readonly tickNow: number }, ms: number): Promise<void> {
  const since = plane.tickNow;
  await eventually(() => plane.tickNow - since >= ms);
}
