// A server that is held open by its clients. WAY: what ends it at SIGTERM. PROTOCOL: http, h2c or h2.
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createHttp2, createSecureServer } from "node:http2";
import { createRequire } from "node:module";
import { serve } from "@hitless/app";
import { handlerOf, say, webSocketsOn } from "./app.mjs";

const {
  WAY,
  PROTOCOL = "http",
  DELAY_MS = "1000",
  LIMIT_MS,
  KEY,
  CERTIFICATE,
  HOOKS,
} = process.env;
const listenAt = { port: Number(process.env.PORT), host: "127.0.0.1" };
const peer = createRequire(
  new URL("../../../../benchmarks/shutdown/package.json", import.meta.url),
);

const makers = {
  http: (handler) => createServer(handler),
  h2c: (handler) => createHttp2(handler),
  h2: (handler) =>
    createSecureServer({ key: readFileSync(KEY), cert: readFileSync(CERTIFICATE) }, handler),
};

function make(handler) {
  return makers[PROTOCOL](handler).on("connection", () => say({ came: "connection" }));
}

const ways = {
  "@hitless/app": async () => {
    let service;
    const server = make(handlerOf((response) => service.eventStream(response)));
    service = serve(server, {
      drain: { delayMs: Number(DELAY_MS), ...(LIMIT_MS && { timeoutMs: Number(LIMIT_MS) }) },
      onShutdown: HOOKS
        ? ["first", "second"].map((name) => ({
            name,
            run: () => appendFileSync(HOOKS, `${name}\n`),
          }))
        : [],
      route: ({ url }) => (/^\/hang\/\d+/.test(url) ? "/hang/:id" : undefined),
    });
    if (PROTOCOL === "http") webSocketsOn(server, (sockets) => service.webSockets(sockets));
    await service.listen(listenAt);
    listening();
  },
  "naive close": () => {
    const server = plain();
    process.once("SIGTERM", () => {
      server.close(() => process.exit(0));
      setTimeout(() => process.exit(1), Number(LIMIT_MS));
    });
  },
  stoppable: () => {
    const server = plain((bare) => peer("stoppable")(bare, Number(LIMIT_MS)));
    process.once("SIGTERM", () => server.stop(() => process.exit(0)));
  },
  "http-terminator": () => {
    let terminator;
    plain((server) => {
      terminator = peer("http-terminator").createHttpTerminator({ server });
      return server;
    });
    process.once("SIGTERM", () => void terminator.terminate().then(() => process.exit(0)));
  },
};

await ways[WAY]();

function plain(around = (server) => server) {
  const server = around(make(handlerOf()));
  if (PROTOCOL === "http") webSocketsOn(server);
  return server.listen(listenAt, listening);
}

function listening() {
  say({ listening: true });
}
