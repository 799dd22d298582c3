import type { Check, CheckSettings } from "./check.ts";

/** What is used of a client of `ioredis` or of `redis` (node-redis). */
export interface RedisLike {
  ping(): PromiseLike<unknown>;
  on(event: "error" | "ready", listener: (error?: unknown) => void): unknown;
  /** Of ioredis. */
  readonly status?: string;
  /** Of node-redis. */
  readonly isReady?: boolean;
}

/**
 * Whether Redis answers a PING. While a client connects again it keeps commands in a queue, where a PING waits instead of
 * failing: so a connection that was there and is gone fails at once, and with the client's own error.
 *
 * Listens for `error`, so that a restart of the server does not end the process (node-redis throws errors nobody listens for).
 */
export function redis(client: RedisLike, settings: CheckSettings = {}): Check {
  let wasConnected = isConnected(client);
  let lastError: unknown = null;
  client.on("error", (error) => {
    lastError = error;
  });
  client.on("ready", () => {
    wasConnected = true;
    lastError = null;
  });
  return {
    ...settings,
    async run() {
      if (wasConnected && !isConnected(client)) {
        throw new Error("not connected", { cause: lastError });
      }
      await client.ping();
    },
  };
}

function isConnected({ isReady, status }: RedisLike): boolean {
  return isReady ?? (status === undefined || status === "ready");
}
