import { pbkdf2 } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as after } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { type ServeOptions, type Service, serve } from "../index.ts";

const running: Service[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.shutdown()));
});

async function started(options: ServeOptions) {
  const service = serve(createServer(), {
    logger: null,
    signals: [],
    drainOnCrash: false,
    drain: { delayMs: 0, timeoutMs: 100, lingerMs: 0 },
    ...options,
  });
  running.push(service);
  const { port } = await service.listen({ port: 0, host: "127.0.0.1" });
  return async (path = "/ready") => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  };
}

const no = () => {
  throw new Error("host 10.1.2.3 refused");
};

test("names critical checks that fail; informative ones are told and change nothing; liveness asks none", async () => {
  const ask = await started({
    checks: { db: no, cache: { run: no, critical: false }, hung: () => new Promise(() => {}) },
  });
  await expect.poll(async () => (await ask()).body.checks.db.status).toBe("failing");
  const { status, body } = await ask();
  expect([status, body.status, body.failing]).toEqual([503, "failing", ["db", "hung"]]);
  expect(body.checks.hung.status).toBe("pending");
  expect(JSON.stringify(body)).not.toContain("10.1.2.3");
  expect((await ask("/health")).status).toBe(200);
  expect((await ask("/startup")).status).toBe(200);
  const soft = await started({ checks: { cache: { run: no, critical: false } }, details: true });
  await expect
    .poll(async () => (await soft()).body.checks.cache.error)
    .toBe("host 10.1.2.3 refused");
  expect((await soft()).status).toBe(200);
});

test("names checks whatever they are called", async () => {
  const names = ["__proto__", "constructor", "toString", "", "a\nb", 'q"uote', "データ", "x/y z"];
  const checks = Object.fromEntries(names.map((name) => [name, no]));
  const ask = await started({ checks });
  await expect.poll(async () => (await ask()).body.checks[""].status).toBe("failing");
  const { body } = await ask();
  expect([...body.failing].sort()).toEqual([...names].sort());
  expect(Object.keys(body.checks).sort()).toEqual([...names].sort());
});

test("answers with a thousand checks, half of them hung", async () => {
  const checks = Object.fromEntries(
    Array.from({ length: 1000 }, (_, at) => [
      `check ${at}`,
      at % 2 === 0 ? () => true : () => new Promise(() => {}),
    ]),
  );
  const ask = await started({ checks });
  await expect.poll(async () => (await ask()).body.checks["check 998"].status).toBe("passing");
  const { status, body } = await ask();
  expect([status, body.failing.length, Object.keys(body.checks).length]).toEqual([503, 500, 1000]);
});

test("asks what is made only after it was told to: the first run comes behind the caller", async () => {
  let pool: { readonly isThere: true } | null = null;
  const ask = await started({ checks: { pool: () => pool?.isThere ?? false } });
  pool = { isThere: true };
  await expect.poll(async () => (await ask()).status).toBe(200);
});

test("does not take its own blocked event loop for a check that hangs", async () => {
  const block = () => {
    const end = performance.now() + 400;
    while (performance.now() < end);
  };
  const run = () => {
    // Behind it timers come first, then what another thread has answered meanwhile.
    setImmediate(block);
    return promisify(pbkdf2)("a", "b", 10_000, 64, "sha512");
  };
  const ask = await started({ checks: { hash: { run, timeoutMs: 100, intervalMs: 60_000 } } });
  await expect.poll(async () => (await ask()).body.checks.hash.status).not.toBe("pending");
  expect((await ask()).body.checks.hash).toMatchObject({ status: "passing", failures: 0 });
});

test("stops asking before the hooks close what is asked", async () => {
  let closed = false;
  const asked: boolean[] = [];
  const service = serve(createServer(), {
    logger: null,
    signals: [],
    drainOnCrash: false,
    drain: { delayMs: 0, timeoutMs: 100, lingerMs: 0 },
    checks: { pool: { run: () => asked.push(closed), intervalMs: 5 } },
    onShutdown: [
      {
        name: "close pool",
        run: () => {
          closed = true;
          return after(50);
        },
      },
    ],
  });
  await expect.poll(() => asked.length).toBeGreaterThan(2);
  await service.shutdown();
  expect(asked).not.toContain(true);
});
