// What forwarding bytes costs in Node without any HTTP: floor.mjs PORT UPSTREAM.
import { connect, createServer } from "node:net";

const [port, upstream] = process.argv.slice(2).map(Number);
let buffer = Buffer.allocUnsafeSlow(65_536);

const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const app = connect({
    host: "127.0.0.1",
    port: upstream,
    noDelay: true,
    onread: {
      buffer: () => buffer,
      callback(length, bytes) {
        const flushed = client.write(bytes.subarray(0, length));
        // Not all was written at once: the rest still lies in this one.
        if (client.writableLength > 0) buffer = Buffer.allocUnsafeSlow(65_536);
        return flushed;
      },
    },
  });
  client.on("drain", () => app.resume());
  client.on("data", (bytes) => {
    if (!app.write(bytes)) client.pause();
  });
  app.on("drain", () => client.resume());
  client.on("end", () => app.end());
  app.on("end", () => client.end());
  for (const [socket, other] of [
    [client, app],
    [app, client],
  ]) {
    socket.on("error", () => other.destroy());
    socket.on("close", () => other.destroy());
  }
});
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
