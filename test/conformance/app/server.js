// The app of the conformance suite on one machine. Its environment says how it behaves.
import { appendFileSync, existsSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const { PORT, HOST, HITLESS_REPLICA = "", HITLESS_RECEIPT, WORLD = "" } = process.env;
const { READY_AFTER_MS, NEVER_READY, CRASH_AFTER_MS, STOP_MS, FAILS } = process.env;
const began = performance.now();
const starts = `${WORLD}/${HITLESS_REPLICA}.starts`;

appendFileSync(starts, ".");
process.stdout.write(`start ${statSync(starts).size}\n`);

createServer((request, response) => {
  if (request.url === "/ready") response.statusCode = isReady() ? 200 : 503;
  else if (FAILS !== undefined) response.statusCode = 500;
  response.end(HITLESS_REPLICA);
}).listen(Number(PORT), HOST);

if (CRASH_AFTER_MS !== undefined) setTimeout(() => process.exit(3), Number(CRASH_AFTER_MS));
process.on("SIGTERM", () => setTimeout(end, Number(STOP_MS ?? 0)));

function end() {
  writeFileSync(HITLESS_RECEIPT, receipt());
  process.exit(0);
}

/** It has answered the one request that it had in flight. */
function receipt() {
  const none = { app: null, revision: null, replica: HITLESS_REPLICA, error: null };
  const seconds = { delay: 0, requests: 0, hooks: 0, total: 0 };
  return JSON.stringify({
    ...{ kind: "drain-receipt", schema: 1, ...none, pid: process.pid, reason: "SIGTERM" },
    ...{ startedAt: new Date().toISOString(), inFlight: 1, served: 0, finished: 1, cut: 0 },
    ...{ streams: { ended: 0, cut: 0 }, lastConnectionSeconds: null, seconds, hung: [], hooks: [] },
    exitCode: 0,
  });
}

function isReady() {
  const upForMs = performance.now() - began;
  if (NEVER_READY !== undefined || upForMs < Number(READY_AFTER_MS ?? 0)) return false;
  return !existsSync(`${WORLD}/${HITLESS_REPLICA}`);
}
