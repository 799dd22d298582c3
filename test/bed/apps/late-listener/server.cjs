// Starts to listen late, so that somebody else can take its port meanwhile.
const { createServer } = require("node:http");

const { PORT, HOST, HITLESS_REVISION, VERSION = "1", WHEN_TAKEN = "exit" } = process.env;
const LISTEN_AFTER_MS = Number(process.env.LISTEN_AFTER_MS ?? 0);

const server = createServer((_request, response) => {
  const body = { version: `app ${VERSION}`, revision: HITLESS_REVISION, pid: process.pid };
  response.end(JSON.stringify(body));
});
server.on("error", (error) => {
  process.stderr.write(`${error}\n`);
  // `stay`: an app that goes on without its port, as many do that only log the error.
  if (WHEN_TAKEN === "exit") process.exit(1);
});
process.on("SIGTERM", () => process.exit(0));
setInterval(() => {}, 60_000);
setTimeout(() => server.listen({ port: Number(PORT), host: HOST }), LISTEN_AFTER_MS);
