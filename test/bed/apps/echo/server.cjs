// Answers every request with the same few bytes, and on a WebSocket says what it hears. On bare
// sockets: what is measured stands in front of it, and should have the machine.
const { createHash } = require("node:crypto");
const { createServer } = require("node:net");

const { PORT, HOST } = process.env;
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const body = "twenty bytes long..\n";
const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const switching =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

const sockets = new Set();
const server = createServer({ noDelay: true }, (socket) => {
  let head = "";
  let tunnel = false;
  sockets.add(socket);
  socket.on("data", (bytes) => {
    if (tunnel) {
      socket.write(unmasked(bytes));
      return;
    }
    head += bytes.toString("latin1");
    // No request has a body, and the next one is sent after the answer.
    if (!head.endsWith("\r\n\r\n")) return;
    const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1];
    head = "";
    tunnel = key !== undefined;
    socket.write(tunnel ? `${switching}Sec-WebSocket-Accept: ${accepted(key)}\r\n\r\n` : answer);
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => sockets.delete(socket));
});
server.listen({ port: Number(PORT), host: HOST, backlog: 4096 });
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  for (const socket of sockets) socket.destroy();
});

function accepted(key) {
  return createHash("sha1").update(`${key}${guid}`).digest("base64");
}

/** One short masked frame, as a server sends it. */
function unmasked(frame) {
  const length = frame[1] & 0x7f;
  const mask = frame.subarray(2, 6);
  const payload = frame.subarray(6, 6 + length).map((byte, at) => byte ^ mask[at % 4]);
  return Buffer.concat([Buffer.from([frame[0], length]), payload]);
}
