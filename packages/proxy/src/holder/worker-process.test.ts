import { expect, test } from "vitest";
import { forkPeer } from "../peer.ts";
import { ownEntry } from "../source-runtime.ts";
import { defaultTimeouts } from "../timeouts.ts";
import { WorkerProcess } from "./worker-process.ts";

test.each([
  ["fails later", "/nowhere/node"],
  ["throws at once", "/nowhere\0"],
])("a worker whose start %s counts as exited", async (_name, path) => {
  const place = { stateDir: "", socketPath: "", host: "", port: 0 };
  const first = { workers: 1, term: 1, slot: 0, upgrades: false, inherits: false };
  const settings = { ...place, timeouts: defaultTimeouts, ...first };
  const entry = { ...ownEntry("worker/worker-main"), execPath: path };
  const peer = forkPeer({ entry, settings, listeningFd: null, detached: false });
  const exited = new Promise<WorkerProcess>((resolve) => {
    const worker = new WorkerProcess(
      { kind: "child", peer, slot: 0, term: 1 },
      {
        opened: () => undefined,
        openFailed: () => undefined,
        linked: () => undefined,
        inForce: () => undefined,
        exited: resolve,
      },
    );
    worker.leave({ lingerMs: 0, timeoutMs: 0 });
  });
  const worker = await exited;
  expect(worker.pid).toBe(0);
  await expect(worker.status()).rejects.toThrow("the worker died");
});
