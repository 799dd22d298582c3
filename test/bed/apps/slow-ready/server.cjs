// The shop with a readiness probe that takes its time. FATE: `serves`, `never` gets ready, or `exits`.
const { createHash } = require("node:crypto");
const { createServer } = require("node:http");
const { setTimeout: after } = require("node:timers/promises");

const env = process.env;
const identity = {
  app: "slow-ready",
  version: "1.0",
  revision: env.HITLESS_REVISION ?? null,
  replica: env.HITLESS_REPLICA ?? null,
  pid: process.pid,
  config: { GREETING: env.GREETING ?? "hello", FATE: env.FATE ?? "serves" },
};
const maxOrderBytes = 1024 * 1024;
let stopping = false;

const routes = {
  "GET /": (_request, response) => answer(response, 200, identity),
  "GET /health": (_request, response) => answer(response, 200, { healthy: true }),
  "GET /ready": async (_request, response) => {
    await after(Number(env.READY_TAKES_MS ?? 700));
    const ready = !stopping && identity.config.FATE === "serves";
    answer(response, ready ? 200 : 503, { ready });
  },
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
    // Closing, or the connection would sit idle after the stream and hold up the exit.
    response.writeHead(200, { "Content-Type": "text/event-stream", Connection: "close" });
    const tick = () => {
      if (stopping) response.end();
      else response.write(`data: ${JSON.stringify({ ...identity, at: Date.now() })}\n\n`);
    };
    tick();
    const timer = setInterval(tick, 200);
    response.on("close", () => clearInterval(timer));
  },
};

function answer(response, status, body) {
  const text = JSON.stringify(body);
  if (stopping) response.setHeader("Connection", "close");
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

process.on("SIGTERM", () => {
  stopping = true;
  // Waits for the requests in flight; closes idle connections at once, and the others as they finish.
  server.close(() => process.exit(0));
});

if (identity.config.FATE === "exits") process.exit(1);
server.listen({ port: Number(env.PORT ?? 8080), host: env.HOST ?? "127.0.0.1", backlog: 4096 });
