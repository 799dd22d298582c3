// The app of the conformance suite on one machine. Its environment says how it behaves.
import { appendFileSync, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";

const { PORT, HOST, HITLESS_REPLICA = "", WORLD = "" } = process.env;
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
process.on("SIGTERM", () => setTimeout(() => process.exit(0), Number(STOP_MS ?? 0)));

function isReady() {
  const upForMs = performance.now() - began;
  if (NEVER_READY !== undefined || upForMs < Number(READY_AFTER_MS ?? 0)) return false;
  return !existsSync(`${WORLD}/${HITLESS_REPLICA}`);
}
