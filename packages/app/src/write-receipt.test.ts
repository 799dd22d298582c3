import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { serve } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "hitless-app-receipt-"));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

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
