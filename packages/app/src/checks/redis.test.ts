import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, describe, expect, test } from "vitest";
import { type FakeServer, fakeRedis } from "../testing/fake-server.ts";
import { withTimeout } from "../with-timeout.ts";
import type { Check } from "./check.ts";
import { type RedisLike, redis } from "./redis.ts";

const runFor = (check: Check, ms: number) => withTimeout((signal) => check.run(signal), ms);

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const kinds: Readonly<Record<string, (port: number) => RedisLike>> = {
  ioredis(port) {
    const client = new Redis({ port, host: "127.0.0.1", retryStrategy: () => 20 });
    closers.push(() => client.disconnect());
    return client;
  },
  "node-redis"(port) {
    const socket = { host: "127.0.0.1", port, reconnectStrategy: () => 20 };
    const client = createClient({ socket });
    closers.push(() => client.destroy());
    // As an application does that waits for it elsewhere.
    client.connect().catch(() => {});
    return client;
  },
};

describe.each(Object.entries(kinds))("%s", (_, connect) => {
  async function passing(server: FakeServer) {
    const client = connect(server.port);
    const check = redis(client);
    expect(await runFor(check, 5000)).toEqual({ outcome: "done" });
    return { check, client };
  }

  test("waits for a connection that is being made for the first time, then passes", async () => {
    await using server = await fakeRedis();
    const { check } = await passing(server);
    expect(await runFor(check, 5000)).toEqual({ outcome: "done" });
  });

  test("fails at once while it is not connected any more, and passes again by itself", async () => {
    await using server = await fakeRedis();
    const { check, client } = await passing(server);
    server.hang();
    server.cutAll();
    await expect.poll(() => client.isReady ?? client.status === "ready").toBe(false);
    const result = await runFor(check, 60_000);
    expect(result).toMatchObject({ outcome: "failed", error: { message: "not connected" } });
    server.goOn();
    server.cutAll();
    await expect.poll(() => runFor(check, 5000)).toEqual({ outcome: "done" });
  });

  test("times out on a server that hangs", async () => {
    await using server = await fakeRedis();
    const { check } = await passing(server);
    server.hang();
    expect(await runFor(check, 30)).toMatchObject({ outcome: "timedOut" });
    server.goOn();
  });
});
