// Answers `/large` with 1 MB, more than who has a small window can be sent before it reads, everything else with who answered, `/slow` after 300 ms.
const { createHash } = require("node:crypto");
const { createServer } = require("node:http");
const { setTimeout: after } = require("node:timers/promises");

const { PORT, HOST, HITLESS_REVISION } = process.env;
const identity = { version: "large", revision: HITLESS_REVISION ?? null, pid: process.pid };
const large = Buffer.alloc(1024 * 1024, "x");

const server = createServer(async (request, response) => {
  const digest = createHash("sha256");
  try {
    for await (const chunk of request) digest.update(chunk);
  } catch {
    return;
  }
  if (request.url === "/large") return response.end(large);
  if (request.url.startsWith("/slow")) await after(300);
  response.end(JSON.stringify({ ...identity, sha256: digest.digest("hex") }));
});

server.listen({ port: Number(PORT), host: HOST, backlog: 4096 });
process.on("SIGTERM", () => server.close(() => process.exit(0)));
