// A server that is attacked in place of the proxy: the machine has as much to do, and nobody honest is concerned. It is
// as patient as the proxy is. Listens on a free port, which it says.
const { createServer } = require("node:http");

const large = Buffer.alloc(1024 * 1024, "x");
const patience = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
};
const server = createServer(patience, (request, response) => {
  request.resume();
  request.on("end", () => response.end(request.url === "/large" ? large : "ok"));
});
// Who takes nothing of its answer.
server.setTimeout(30_000);
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  process.stdout.write(`${server.address().port}\n`);
});
