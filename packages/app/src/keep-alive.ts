import type { Server } from "node:net";
import { ms } from "./options.ts";

/** Longer than the 600 s after which Google's load balancer, the most patient one, closes. */
export const longestMs = 620_000;
/** What Node sets by itself: nobody chose it. */
const nodesDefaultMs = 5000;

/** Has the other side close idle connections first, unless somebody has decided otherwise. */
export function keepAlive(server: Server, timeoutMs: number | undefined): void {
  const chosen = ms("keepAliveTimeoutMs", timeoutMs, longestMs);
  if (!speaksHttp1(server)) return;
  if (timeoutMs !== undefined || server.keepAliveTimeout === nodesDefaultMs) {
    server.keepAliveTimeout = chosen;
  }
}

/** http and https. Not by their classes: to load TLS costs a service that has none 1 MiB. */
function speaksHttp1(server: Server): server is Server & { keepAliveTimeout: number } {
  return "keepAliveTimeout" in server;
}
