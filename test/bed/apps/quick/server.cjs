// Up in about 50 ms: nothing but what an answer needs.
const { createServer } = require("node:http");

const { PORT, HOST, HITLESS_REVISION, HITLESS_REPLICA, SOAK = "" } = process.env;
const said = JSON.stringify({
  version: "quick",
  revision: HITLESS_REVISION ?? "",
  replica: HITLESS_REPLICA ?? "",
  pid: process.pid,
  config: { SOAK },
});
const server = createServer((request, response) => {
  request.resume();
  response.setHeader("content-type", "application/json");
  response.end(said);
});
server.listen(Number(PORT), HOST);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
