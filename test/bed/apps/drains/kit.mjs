// The same service on the kit: endpoints, drain and streams are its work.
import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { setTimeout as after } from "node:timers/promises";
import { serve } from "@hitless/app";
import { databaseAnswers } from "./database.mjs";

const slowMs = Number(process.env.SLOW_MS ?? 1000);

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://service");
  if (pathname === "/events") {
    service.eventStream(response).send({ data: "hello" });
    return;
  }
  if (pathname === "/slow") await after(slowMs);
  for await (const _ of request);
  response.writeHead(pathname === "/" || pathname === "/slow" ? 200 : 404).end("ok\n");
});

async function database() {
  if (!(await databaseAnswers())) throw new Error("the database takes no connection");
}

const service = serve(server, {
  checks: { database: { run: database, intervalMs: 200 } },
  drain: { delayMs: Number(process.env.DRAIN_DELAY_MS ?? 5000) },
});

// As the `ws` package has them, without the package.
const sockets = Object.assign(new EventEmitter(), { clients: new Set() });
service.webSockets(sockets);
server.on("upgrade", (request, socket) => {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on("error", () => socket.destroy());
  socket.on("data", () => undefined);
  const client = {
    close: (code) => socket.end(Buffer.from([0x88, 0x02, code >> 8, code & 0xff])),
    terminate: () => socket.destroy(),
    once: (event, listener) => socket.once(event, listener),
  };
  sockets.emit("connection", client, request);
});

await service.listen();
