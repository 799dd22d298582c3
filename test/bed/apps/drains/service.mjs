// What the apps beside this one share: what they answer, and the last step of a good stop.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { Server } from "node:net";
import { setTimeout as after } from "node:timers/promises";

/** How long requests may still come after SIGTERM, ms. */
export const delayMs = Number(process.env.DRAIN_DELAY_MS ?? 5000);
const slowMs = Number(process.env.SLOW_MS ?? 1000);
const tickMs = 100;

/** A service whose answers follow `state`. `streams` and `sockets` are what is open. */
export function makeService() {
  const isLive = async () => true;
  const state = {
    started: true,
    ready: true,
    hasDatabase: true,
    closing: false,
    refusing: false,
    isLive,
  };
  const streams = new Set();
  const sockets = new Map();
  const server = createServer((request, response) => {
    count(request.socket, 1);
    response.on("close", () => count(request.socket, -1));
    // The client may go in the middle of its request.
    respond(request, response, { state, streams }).catch(() => response.destroy());
  });
  const count = (socket, by) => {
    const counts = sockets.get(socket);
    if (counts !== undefined) counts.owed += by;
  };
  server.on("connection", (socket) => {
    sockets.set(socket, { owed: 0 });
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request, socket) => {
    count(socket, 1);
    openWebSocket(request, socket, streams);
  });
  return { server, state, streams, sockets };
}

async function respond(request, response, { state, streams }) {
  const { pathname } = new URL(request.url, "http://service");
  const probe = await probeOf(pathname, state);
  if (probe !== null) return answer(response, probe ? 200 : 503, state);
  if (state.refusing) return answer(response, 503, state);
  if (pathname === "/events") return openEvents(response, streams);
  if (pathname === "/slow") await after(slowMs);
  // A body is read to its end, however slowly it comes.
  for await (const _ of request);
  return answer(response, pathname === "/" || pathname === "/slow" ? 200 : 404, state);
}

export function listen({ server }) {
  const { PORT, HOST } = process.env;
  server.listen({ port: Number(PORT), host: HOST, backlog: 4096 });
}

/**
 * Closes the listener and ends the streams, lets idle connections be for `lingerMs`, closes those that
 * `reaps` and on which nothing is owed, and returns when none is left.
 */
export async function finish(service, { lingerMs = 300, reaps = () => true } = {}) {
  // That of the http server would close idle connections at once, under a client that is sending.
  Server.prototype.close.call(service.server);
  for (const stream of service.streams) stream.leave();
  await after(lingerMs);
  while (service.sockets.size > 0) {
    for (const [socket, { owed }] of service.sockets) {
      if (owed === 0 && reaps(socket)) socket.destroy();
    }
    await after(10);
  }
}

async function probeOf(pathname, state) {
  if (pathname === "/ready") return state.ready && state.hasDatabase;
  if (pathname === "/health") return await state.isLive();
  return pathname === "/startup" ? state.started : null;
}

function answer(response, status, { closing }) {
  if (closing) response.setHeader("Connection", "close");
  response.writeHead(status, { "Content-Length": 3 });
  response.end("ok\n");
}

function openEvents(response, streams) {
  response.writeHead(200, { "Content-Type": "text/event-stream", Connection: "close" });
  const timer = setInterval(() => response.write("data: tick\n\n"), tickMs);
  response.write("data: hello\n\n");
  const stream = { leave: () => response.end("retry: 500\n\n"), cut: () => response.destroy() };
  streams.add(stream);
  response.on("close", () => {
    clearInterval(timer);
    streams.delete(stream);
  });
}

function openWebSocket(request, socket, streams) {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  // A close frame with 1001, going away.
  const goodbye = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
  const stream = { leave: () => socket.end(goodbye), cut: () => socket.destroy() };
  streams.add(stream);
  socket.on("error", () => socket.destroy());
  socket.on("data", () => undefined);
  socket.on("close", () => streams.delete(stream));
}
