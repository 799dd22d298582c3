// Listens, and leaves a mark when its SIGTERM handler ran to its end.
const { writeFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { join } = require("node:path");

const { PORT, HOST, HITLESS_REVISION, HITLESS_REPLICA, MARKS, VERSION = "1" } = process.env;

const server = createServer((_request, response) => {
  const body = {
    version: VERSION,
    revision: HITLESS_REVISION,
    replica: HITLESS_REPLICA,
    pid: process.pid,
  };
  response.end(JSON.stringify(body));
});
process.on("SIGTERM", () => {
  server.close(() => {
    writeFileSync(join(MARKS, `${HITLESS_REPLICA}.${process.pid}`), "");
    process.exit(0);
  });
  server.closeIdleConnections();
});
server.listen({ port: Number(PORT), host: HOST });
