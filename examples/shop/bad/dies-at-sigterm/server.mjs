// Serves well, and has no SIGTERM handler: requests in flight die with it.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const env = process.env;
const identity = {
  app: "shop",
  version: "bad-dies-at-sigterm",
  revision: env.HITLESS_REVISION ?? null,
  replica: env.HITLESS_REPLICA ?? null,
  pid: process.pid,
  config: { GREETING: env.GREETING ?? "hello" },
};
createServer(async (request, response) => {
  const digest = createHash("sha256");
  for await (const chunk of request) digest.update(chunk);
  const body = JSON.stringify({ ...identity, sha256: digest.digest("hex") });
  setTimeout(() => response.end(body), request.url.startsWith("/slow") ? 300 : 0);
}).listen(Number(env.PORT ?? 8080), env.HOST ?? "127.0.0.1");
