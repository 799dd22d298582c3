import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { serve } from "./index.ts";
import { ServedService } from "./served-service.ts";

const folder = mkdtempSync(join(tmpdir(), "hitless-app-receipt-"));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("two services of one process leave one receipt, whose exit code is that of the worse", async () => {
  const path = join(folder, "receipt.json");
  vi.stubEnv("HITLESS_RECEIPT", path);
  vi.stubEnv("HITLESS_REPLICA", "3-9");
  const quiet = {
    logger: null,
    signals: [],
    drainOnCrash: false,
    drain: { delayMs: 0, lingerMs: 0, timeoutMs: 50 },
  };
  const main = serve(createServer(), {
    ...quiet,
    onShutdown: [{ name: "pool", run: () => Promise.reject(new Error("gone")) }],
  });
  const admin = serve(createServer(), quiet);
  const never = admin.work("report", () => new Promise(() => {}));
  await Promise.all([main.shutdown(), admin.shutdown()]);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
    kind: "drain-receipt",
    replica: "3-9",
    inFlight: 1,
    cut: 1,
    hung: [{ method: "WORK", route: "report" }],
    hooks: [{ name: "pool", outcome: "failed" }],
    exitCode: 1,
  });
  expect(never).toBeInstanceOf(Promise);
});

test("a receipt fits into a termination message, whatever was asked for and thrown", async () => {
  const path = join(folder, "receipt.json");
  vi.stubEnv("HITLESS_RECEIPT", path);
  const service = new ServedService(createServer(), {
    logger: null,
    signals: [],
    drainOnCrash: false,
    drain: { delayMs: 0, lingerMs: 0, timeoutMs: 0 },
  });
  for (let n = 0; n < 12; n += 1) {
    void service.work("report ".repeat(1000), () => new Promise(() => {}));
  }
  await service.shutdown({ reason: "crash", error: new Error("no ".repeat(10_000)) });
  const text = readFileSync(path, "utf8");
  expect(Buffer.byteLength(text)).toBeLessThan(4096);
  const { error, cut, hung } = JSON.parse(text);
  expect(error).toMatch(/^no no .*…$/u);
  expect(error).toHaveLength(120);
  expect([cut, hung.length, hung[0].route.length]).toEqual([12, 10, 120]);
});
