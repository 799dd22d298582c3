import { createServer } from "node:http";
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
