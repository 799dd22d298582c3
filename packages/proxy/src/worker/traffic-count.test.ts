import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { noTraffic, type TrafficTotals } from "@hitless/core";
import { afterEach, expect, test } from "vitest";
import {
  Cleanup,
  eventually,
  listenUpstream,
  openClient,
  openPlane,
  rawRequest,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const request = (method: string, path = "/") =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nxy`;

async function planeOver(...servers: readonly Server[]) {
  const opened = await openPlane(cleanup);
  const ports = await Promise.all(servers.map((server) => listenUpstream(cleanup, server)));
  opened.plane.apply(tableOf(...ports.map((port, index) => upstream(`r${index}`, port))));
  const counted = (totals: Partial<TrafficTotals>) =>
    expect
      .poll(() => opened.plane.traffic.totals(), { timeout: 10_000 })
      .toEqual({ ...noTraffic, ...totals });
  return { ...opened, counted };
}

const app = (listener: RequestListener) => createServer(listener);
const dying = () => createTcpServer((socket) => socket.once("data", () => socket.destroy()));

test("a whole answer is answered, whatever its status", async () => {
  const { port, counted } = await planeOver(app((_in, out) => void out.writeHead(500).end("no")));
  await rawRequest(port, request("POST"));
  await counted({ answered: 1 });
});

test("what the proxy answers is a failure of ours, by its reason, or the client's doing", async () => {
  const { port, counted } = await planeOver(dying());
  await rawRequest(port, request("POST"));
  await rawRequest(port, "GET / HTTP/9.9\r\n\r\n");
  await counted({ failed: { "upstream-closed": 1 }, rejected: 1 });
});

test("a request that was sent again counts once, with what became of it", async () => {
  const { port, counted } = await planeOver(
    dying(),
    app((_in, out) => out.end("ok")),
  );
  expect(await rawRequest(port, request("PUT"))).toMatch(/ok$/);
  await counted({ answered: 1, retried: 1, retriedAnswered: 1 });
});

test("a request that was sent again in vain is among the failures", async () => {
  const { port, counted } = await planeOver(dying(), dying());
  await rawRequest(port, request("PUT"));
  await counted({ failed: { "upstream-closed": 1 }, retried: 1 });
});

test("an answer that breaks off is cut: by its replica, or by the end of the drain budget", async () => {
  const half = app((incoming, out) => {
    out.writeHead(200, { "Content-Length": 10 }).write("half");
    if (incoming.url === "/dies") setTimeout(() => out.destroy(), 20);
  });
  const { plane, port, counted } = await planeOver(half);
  await rawRequest(port, request("GET", "/dies"));
  const client = openClient(cleanup, port);
  client.send(request("GET"));
  await client.until("half");
  expect(plane.cut("r0")).toBe(1);
  await counted({ cut: { "upstream-closed": 1, cut: 1 } });
});

test("a client that leaves is no loss of ours", async () => {
  const { plane, port, counted } = await planeOver(app(() => undefined));
  const client = openClient(cleanup, port);
  client.send(request("GET"));
  await eventually(() => plane.status().inFlight["r0"] === 1);
  client.socket.resetAndDestroy();
  const half = openClient(cleanup, port);
  half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
  half.socket.end();
  await counted({ abandoned: 2 });
});

test("a tunnel that ends is answered, one that is cut is cut", async () => {
  const echo = createTcpServer((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 101 Ok\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nwelcome");
    });
  });
  const { plane, port, counted } = await planeOver(echo);
  const upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
  const [leaving, staying] = [openClient(cleanup, port), openClient(cleanup, port)];
  for (const client of [leaving, staying]) {
    client.send(upgrade);
    await client.until("welcome");
  }
  leaving.socket.resetAndDestroy();
  await counted({ answered: 1 });
  plane.cut(null);
  await counted({ answered: 1, cut: { cut: 1 } });
});
