// Writes the `X-Order-Id` of each order into the file LEDGER when it executes it, and answers a
// while later: what was executed stands there, whoever is killed. Every answer is one write, but
// every second one of `/begun` begins at once and ends a while later.
const { createHash } = require("node:crypto");
const { appendFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { setTimeout: after } = require("node:timers/promises");

const { PORT, HOST, HITLESS_REVISION, HITLESS_REPLICA, LEDGER, GREETING = "hello" } = process.env;
const orderMs = 300;
const slowMs = 300;
const identity = {
  version: "order-book",
  revision: HITLESS_REVISION ?? null,
  replica: HITLESS_REPLICA ?? null,
  pid: process.pid,
  config: { GREETING },
};
let stopping = false;
let begun = 0;

const server = createServer(async (request, response) => {
  const digest = createHash("sha256");
  try {
    for await (const chunk of request) digest.update(chunk);
  } catch {
    // Not a whole order: it is not executed.
    return;
  }
  if (request.method === "POST") {
    appendFileSync(LEDGER, `${request.headers["x-order-id"]}\n`);
    await after(orderMs);
    answer(response, { ...identity, sha256: digest.digest("hex") });
  } else {
    if (request.url === "/begun" && begun++ % 2 === 0) response.write(" ");
    if (request.url !== "/") await after(slowMs);
    answer(response, identity);
  }
});

function answer(response, body) {
  const text = JSON.stringify(body);
  if (stopping && !response.headersSent) response.setHeader("Connection", "close");
  if (!response.headersSent) response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text);
}

server.listen({ port: Number(PORT), host: HOST, backlog: 4096 });
process.on("SIGTERM", () => {
  stopping = true;
  server.close(() => process.exit(0));
});
