// TARGET: a proxy as one writes it in ten lines, with no limits at all, on a free port that it says.
const { Agent, createServer, request } = require("node:http");

const target = Number(process.argv[2]);
const agent = new Agent({ keepAlive: true });
const server = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  const options = { host: "127.0.0.1", port: target, method, path: url, headers, agent };
  const upstream = request(options, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
});
Object.assign(server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 75_000 });
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  process.stdout.write(`${server.address().port}\n`);
});
