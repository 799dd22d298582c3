// A small shop on plain node:http, with its probes and its end from @hitless/app. It says in every answer who answered.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as after } from "node:timers/promises";
import { identityOf, serve } from "@hitless/app";

const env = process.env;
const { revision, replica } = identityOf();
const identity = {
  app: "shop",
  version: "1.0",
  revision,
  replica,
  pid: process.pid,
  config: { GREETING: env.GREETING ?? "hello", LOG_LEVEL: env.LOG_LEVEL ?? "info" },
};
const maxOrderBytes = 1024 * 1024;

const routes = {
  "GET /": (_request, response) => answer(response, 200, identity),
  "POST /orders": async (request, response) => {
    const digest = createHash("sha256");
    let bytes = 0;
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes > maxOrderBytes) return answer(response.setHeader("Connection", "close"), 413, {});
      digest.update(chunk);
    }
    answer(response, 200, { ...identity, sha256: digest.digest("hex") });
  },
  "GET /slow": async (_request, response, query) => {
    await after(Math.min(Number(query.get("ms")) || 300, 60_000));
    answer(response, 200, identity);
  },
  "GET /events": (_request, response) => {
    const stream = shop.eventStream(response);
    const tick = () => stream.send({ data: { ...identity, at: Date.now() } });
    tick();
    const timer = setInterval(tick, 200);
    stream.signal.addEventListener("abort", () => clearInterval(timer));
  },
};

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://shop");
  const route = routes[`${request.method} ${url.pathname}`];
  if (route === undefined) return answer(response, 404, { error: `no ${url.pathname} here` });
  try {
    await route(request, response, url.searchParams);
  } catch {
    // The client went away in the middle of its request.
    response.destroy();
  }
});

/** It sells without them, too: /ready names them, and stays 200. */
const payments = {
  critical: false,
  run: async (signal) => {
    const { ok, status } = await fetch(env.PAYMENTS_URL, { signal });
    if (!ok) throw new Error(`they answer ${status}`);
  },
};

const shop = serve(server, {
  startup: { warmUp: (signal) => after(Number(env.START_DELAY_MS ?? 0), undefined, { signal }) },
  checks: env.PAYMENTS_URL === undefined ? {} : { payments },
});
await shop.listen({ host: env.HOST ?? "127.0.0.1" });
