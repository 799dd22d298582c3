import { afterEach, expect, test } from "vitest";
import { forkPeer } from "../peer.ts";
import { defaultTimeouts } from "../timeouts.ts";
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
  const place = { stateDir: "", socketPath: "", host: "", port: 0 };
  const settings = { ...place, timeouts: defaultTimeouts, inherits: false };
  const entry = "worker/worker-main";
  const peer = forkPeer({ entry, settings, listeningFd: null, detached: false });
  const exited = new Promise<WorkerProcess>((resolve) => {
    const worker = new WorkerProcess(peer, {
      opened: () => undefined,
      openFailed: () => undefined,
      takenOver: () => undefined,
      inForce: () => undefined,
      exited: resolve,
    });
    worker.tell({ kind: "stop", timeoutMs: 0 });
  });
  const worker = await exited;
  expect(worker.pid).toBe(0);
  await expect(worker.status()).rejects.toThrow("the worker died");
});
