import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Cleanup, temporaryFolder, untilGone } from "../testing/proxy-harness.ts";
import { defaultTimeouts } from "../timeouts.ts";
import { startSuccessor } from "./successor.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

test("a successor that hangs is ended when its time is up, and that says so", async () => {
  const folder = await temporaryFolder(cleanup);
  const [path, noted] = [join(folder, "hangs.mjs"), join(folder, "pid")];
  const note = `writeFileSync(${JSON.stringify(noted)}, String(process.pid))`;
  const hang = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1_000);';
  await writeFile(path, `import { writeFileSync } from "node:fs"; ${note}; ${hang}`);
  const listeningFd = openSync(path, "r");
  cleanup.add(async () => closeSync(listeningFd));
  const listens = { socketPath: join(folder, "proxy.sock"), host: "127.0.0.1", port: 1 };
  const place = { workers: 1, term: 2, slot: 0, upgrades: true, inherits: true };
  const started = startSuccessor({
    entry: { execPath: process.execPath, execArgv: [], path },
    settings: { stateDir: folder, ...listens, ...place, timeouts: defaultTimeouts },
    listeningFd,
    handover: { table: null, heritage: null },
    withinMs: 3_000,
  });
  await expect(started).rejects.toThrow(
    "the next holder did not start: it did not serve within 3 s",
  );
  await untilGone(Number(await readFile(noted, "utf8")));
});
