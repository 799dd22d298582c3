import { createServer } from "node:http";
import { afterEach, expect, test, vi } from "vitest";
import { type ServeOptions, serve } from "./index.ts";
import { drainBudget } from "./options.ts";

afterEach(() => void vi.unstubAllEnvs());

test("what Hitless hands over wins over the application's own numbers", () => {
  expect(drainBudget({})).toMatchObject({ delayMs: 5000, timeoutMs: 20_000, readiness: "flip" });
  const env = { HITLESS_DRAIN_DELAY_SECONDS: "0", HITLESS_DRAIN_TIMEOUT_SECONDS: "2.5" };
  expect(drainBudget({ delayMs: 9000, timeoutMs: 9000 }, env)).toMatchObject({
    delayMs: 0,
    timeoutMs: 2500,
  });
});

test("refuses environment variables that are no numbers", () => {
  vi.stubEnv("HITLESS_DRAIN_DELAY_SECONDS", "soon");
  expect(() => serve(createServer())).toThrow(/HITLESS_DRAIN_DELAY_SECONDS is "soon"/);
});

const refused: readonly [ServeOptions, RegExp][] = [
  [{ drain: { delayMs: -1 } }, /drain\.delayMs is -1/],
  [{ drain: { timeoutMs: Number.NaN } }, /drain\.timeoutMs is NaN/],
  [{ paths: { ready: "ready" } }, /paths\.ready is "ready"; it must begin with \//],
  [{ paths: { ready: "/health" } }, /each probe needs its own/],
  [{ checks: { db: { run: () => {}, timeoutMs: 0.5 } } }, /checks\.db\.timeoutMs is 0\.5/],
  [{ onShutdown: [{ name: "pool", run: () => {}, timeoutMs: -5 }] }, /onShutdown pool\.timeoutMs/],
  [{ keepAliveTimeoutMs: 1e9 }, /keepAliveTimeoutMs is 1000000000/],
];

test.each(refused)("refuses %j and leaves nothing behind", (options, message) => {
  const before = process.listenerCount("SIGTERM");
  expect(() => serve(createServer(), options)).toThrow(message);
  expect(process.listenerCount("SIGTERM")).toBe(before);
});

test("refuses what is no server, and a server twice", async () => {
  // @ts-expect-error an express application is a function
  expect(() => serve(() => {})).toThrow(/http\.createServer\(app\)/);
  const server = createServer();
  const drain = { delayMs: 0 };
  const service = serve(server, { logger: null, signals: [], drainOnCrash: false, drain });
  expect(() => serve(server)).toThrow(/already/);
  await service.shutdown();
});
