// Answers every request with the same few bytes, and on a WebSocket says what it hears.
const { createHash } = require("node:crypto");
const { createServer } = require("node:http");

const { PORT, HOST } = process.env;
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const server = createServer((request, response) => {
  request.resume();
  response.end("twenty bytes long..\n");
});
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"];
  const accept = createHash("sha1").update(`${key}${guid}`).digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
  socket.on("data", (frames) => socket.write(unmasked(frames)));
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.end());
});
server.listen({ port: Number(PORT), host: HOST, backlog: 4096 });
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});

/** One short masked frame, as a server sends it. */
function unmasked(frame) {
  const length = frame[1] & 0x7f;
  const mask = frame.subarray(2, 6);
  const payload = frame.subarray(6, 6 + length).map((byte, at) => byte ^ mask[at % 4]);
  return Buffer.concat([Buffer.from([frame[0], length]), payload]);
}
