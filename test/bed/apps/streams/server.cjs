// Server-sent events on /events and WebSockets on /socket; both count from 1 and say who counts. What
// is written comes in pieces that end in the middle of events and frames. Dies at SIGTERM.
const { createHash } = require("node:crypto");
const { mkdirSync, writeFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { setTimeout: after } = require("node:timers/promises");
const { plainRequests } = require("./plain-requests.cjs");

const { PORT, HOST, HITLESS_REVISION, HITLESS_REPLICA, TICK_MS = "1000", ENDS = "" } = process.env;
const identity = {
  version: "streams",
  revision: HITLESS_REVISION ?? "",
  replica: HITLESS_REPLICA ?? "",
  pid: process.pid,
  config: {},
};
const pieceMs = 10;
/** How the clients left: WebSockets by the code that they said, or none. */
const ends = { sse: 0, codes: {}, none: 0 };

const counted = (n) => JSON.stringify({ n, ...identity, fill: "x".repeat((n * 37) % 200) });

/**
 * Writes what it is given in two pieces each, up to a place in the middle and the rest a little later;
 * one after the other, as none may begin inside another.
 */
class PieceWriter {
  constructor(socket) {
    this.socket = socket;
    this.written = Promise.resolve();
  }

  write(bytes) {
    const half = 1 + Math.floor(Math.random() * (bytes.length - 1));
    this.written = this.written.then(async () => {
      this.socket.write(bytes.subarray(0, half));
      await after(pieceMs);
      this.socket.write(bytes.subarray(half));
    });
  }
}

/** Calls `tick` with 1, 2, ... until the socket is closed; not all clients at once. */
function tickUntilClosed(socket, tick) {
  let n = 1;
  const every = Number(TICK_MS);
  let timer = setTimeout(function next() {
    tick(n);
    n += 1;
    timer = setTimeout(next, n === 2 ? every * Math.random() : every);
  }, 0);
  socket.on("close", () => clearTimeout(timer));
}

const server = createServer((request, response) => {
  request.resume();
  if (request.url !== "/events") {
    response.end(JSON.stringify(identity));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const pieces = new PieceWriter(response);
  tickUntilClosed(response, (n) => pieces.write(Buffer.from(`id: ${n}\ndata: ${counted(n)}\n\n`)));
  response.on("close", () => (ends.sse += 1));
});

function frame(opcode, payload, final = true) {
  const size =
    payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, ...size]), payload]);
}

function message(n) {
  const payload = Buffer.from(counted(n));
  if (n % 3 > 0) return frame(1, payload);
  return Buffer.concat([frame(1, payload.subarray(0, 40), false), frame(0, payload.subarray(40))]);
}

server.on("upgrade", (request, socket) => {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let held = Buffer.alloc(0);
  let code = null;
  const pieces = new PieceWriter(socket);
  tickUntilClosed(socket, (n) => pieces.write(message(n)));
  socket.on("error", () => undefined);
  socket.on("data", (data) => {
    held = Buffer.concat([held, data]);
    for (;;) {
      const length = held[1] & 127;
      if (held.length < 2 || held.length < 6 + length) return;
      const payload = held.subarray(6, 6 + length).map((byte, at) => byte ^ held[2 + (at % 4)]);
      const opcode = held[0] & 15;
      held = held.subarray(6 + length);
      if (opcode === 8) {
        code = payload.length < 2 ? 1005 : (payload[0] << 8) | payload[1];
        void pieces.written.then(() => socket.end(frame(8, Buffer.from(payload))));
        return;
      }
      pieces.write(frame(1, Buffer.from(`echo ${Buffer.from(payload)}`)));
    }
  });
  socket.on("close", () => {
    if (code === null) ends.none += 1;
    else ends.codes[code] = (ends.codes[code] ?? 0) + 1;
  });
});

plainRequests(identity, server).listen({ port: Number(PORT), host: HOST, backlog: 4096 });
process.on("SIGTERM", () => {
  if (ENDS !== "") {
    mkdirSync(ENDS, { recursive: true });
    writeFileSync(`${ENDS}/${process.pid}.json`, JSON.stringify(ends));
  }
  process.exit(0);
});
