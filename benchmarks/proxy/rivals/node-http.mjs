// The usual proxy in Node: node-http.mjs PORT UPSTREAM.
import { Agent, createServer, request } from "node:http";

const [port, upstream] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true });

const server = createServer((incoming, answer) => {
  const { connection: _, ...headers } = incoming.headers;
  headers["x-forwarded-for"] = incoming.socket.remoteAddress;
  headers["x-forwarded-proto"] = "http";
  headers["x-forwarded-host"] = headers.host;
  const { method, url: path } = incoming;
  const sent = request({ agent, host: "127.0.0.1", port: upstream, method, path, headers });
  sent.once("response", (received) => {
    const { connection: _, ...passed } = received.headers;
    answer.writeHead(received.statusCode, passed);
    received.pipe(answer);
  });
  sent.once("error", () => answer.destroy());
  incoming.pipe(sent);
});
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
