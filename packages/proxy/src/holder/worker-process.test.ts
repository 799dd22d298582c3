import { afterEach, expect, test } from "vitest";
import { WorkerProcess } from "./worker-process.ts";

const { execPath } = process;
afterEach(() => {
  process.execPath = execPath;
});

test.each([
  ["fails later", "/nowhere/node"],
  ["throws at once", "/nowhere\0"],
])("a worker whose start %s counts as exited", async (_name, path) => {
  process.execPath = path;
  const exited = new Promise<WorkerProcess>((resolve) => {
    const worker = new WorkerProcess({
      opened: () => undefined,
      openFailed: () => undefined,
      inForce: () => undefined,
      silent: () => undefined,
      exited: resolve,
    });
    worker.tell({ kind: "stop", timeoutMs: 0 });
  });
  const worker = await exited;
  expect(worker.pid).toBe(0);
  await expect(worker.status()).rejects.toThrow("the worker died");
});
