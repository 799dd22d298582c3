// Serves well, and has no SIGTERM handler: requests in flight die with it.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const identity = { app: "shop", version: "bad-dies-at-sigterm", pid: process.pid };
createServer(async (request, response) => {
  const digest = createHash("sha256");
  for await (const chunk of request) digest.update(chunk);
  const body = JSON.stringify({ ...identity, sha256: digest.digest("hex") });
  setTimeout(() => response.end(body), request.url.startsWith("/slow") ? 300 : 0);
}).listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? "127.0.0.1");
