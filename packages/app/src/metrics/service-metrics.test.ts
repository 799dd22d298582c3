import { once } from "node:events";
import { createServer } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import { connect as connectTcp } from "node:net";
import * as client from "prom-client";
import { expect, test } from "vitest";
import { serve } from "../index.ts";

test("counts requests by route and revision, never by path, and serves the registry", async () => {
  const registry = new client.Registry();
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/orders/7" ? 201 : 404).end();
  });
  const service = serve(server, {
    logger: null,
    signals: [],
    drainOnCrash: false,
    drain: { delayMs: 0, lingerMs: 0 },
    revision: "12",
    route: ({ url }) => (url?.startsWith("/orders/") ? "/orders/:id" : undefined),
    metrics: { client, registry },
  });
  const { port } = await service.listen({ port: 0, host: "127.0.0.1" });
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await Promise.all([get("/orders/7"), get("/random-path"), get("/ready")]);
  const page = await (await get("/metrics")).text();
  expect(page).toContain(
    'http_server_requests_total{method="GET",route="/orders/:id",status="201",revision="12"} 1',
  );
  expect(page).toContain('route="",status="404",revision="12"} 1');
  expect(page).toContain('http_server_requests_in_flight{revision="12"} 0');
  expect(page).toMatch(/event_loop_delay_seconds\{quantile="0.99",revision="12"\} [\d.e-]+/);
  expect(page).toContain('http_server_request_duration_seconds_count{method="GET"');
  expect(page).not.toContain("random-path");
  expect(page).not.toContain("/ready");
  expect(await client.register.getMetricsAsJSON()).toEqual([]);
  await service.shutdown();
});

test("keeps its registry small, whatever methods and routes clients think of", async () => {
  const registry = new client.Registry();
  const server = createHttp2Server((_, response) => response.end());
  const service = serve(server, {
    logger: null,
    signals: [],
    drainOnCrash: false,
    drain: { delayMs: 0, lingerMs: 0 },
    metrics: { client, registry },
  });
  const { port } = await service.listen({ port: 0, host: "127.0.0.1" });
  const session = connect(`http://127.0.0.1:${port}`);
  const ask = async (method: string) => {
    const stream = session.request({ ":method": method, ":path": "/", method, socket: "mine" });
    await once(stream.end().resume(), "close");
  };
  await Promise.all(["BREW", "WHEN", "PUT"].map(ask));
  const page = await registry.metrics();
  expect(page).toContain('{method="_OTHER",route="",status="200",revision=""} 2');
  expect(page).toContain('{method="PUT",route="",status="200",revision=""} 1');
  session.destroy();
  await service.shutdown();
});

test("names 500 routes at most, and refuses a path that is a probe's, and a page that is none", async () => {
  const registry = new client.Registry();
  const broken = { contentType: "a\nb", registerMetric: () => {}, metrics: async () => "page" };
  const quiet = { logger: null, signals: [], drainOnCrash: false };
  const server = createServer((_, response) => response.end());
  const service = serve(server, {
    ...quiet,
    drain: { delayMs: 0, lingerMs: 0 },
    route: ({ url }) => url,
    metrics: { client, registry },
  });
  const { port } = await service.listen({ port: 0, host: "127.0.0.1" });
  const socket = connectTcp(port, "127.0.0.1").resume();
  const requests = Array.from(
    { length: 503 },
    (_, each) => `GET /${each} HTTP/1.1\r\nHost: a\r\n\r\n`,
  );
  socket.end(requests.join(""));
  await once(socket, "close");
  const page = await registry.metrics();
  expect(page).toContain('{method="GET",route="_OTHER",status="200",revision=""} 3');
  await service.shutdown();
  const bad = serve(createServer(), {
    ...quiet,
    drain: { delayMs: 0, lingerMs: 0 },
    metrics: { client, registry: broken },
  });
  const where = await bad.listen({ port: 0, host: "127.0.0.1" });
  expect((await fetch(`http://127.0.0.1:${where.port}/metrics`)).status).toBe(500);
  await bad.shutdown();
  expect(() =>
    serve(createServer(), { ...quiet, metrics: { client, registry: broken, path: "/ready" } }),
  ).toThrow("which is that of a probe");
});
