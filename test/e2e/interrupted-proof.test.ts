import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isRunning, repository, until } from "../bed/app-bed.ts";
import { OwnFolder, processesOf } from "../bed/own-folder.ts";

const loader = join(repository, "node_modules/tsx/dist/loader.mjs");
const fromSource = ["--conditions=@hitless/source", "--import", loader];
const itself = [...fromSource, "proofs/run.ts", "quick"];
/** As `npm run prove` starts it: a parent process that passes signals on. */
const installed = ["scripts/with-install.mjs", "tsx", "proofs/run.ts", "quick"];

test.each([
  { as: "Ctrl-C sends it", signal: "SIGINT", to: "group", args: installed, code: 130 },
  { as: "to the process alone", signal: "SIGINT", to: "process", args: itself, code: 130 },
  { as: "to the process alone", signal: "SIGTERM", to: "process", args: itself, code: 143 },
] as const)(
  "$signal, $as, leaves nothing of a proof behind",
  async ({ signal, to, args, code }) => {
    await using folder = new OwnFolder("hi-");
    const child = spawn(process.execPath, args, {
      cwd: repository,
      env: { ...process.env, ...folder.env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const pid = child.pid ?? Number.NaN;
    let said = "";
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    const closed = once(child, "close");
    // Controller, the proxy's processes and at least one replica, all detached.
    await until(
      async () => (await processesOf(folder.path)).length >= 5,
      `the proof runs: ${said}`,
    );
    const before = await processesOf(folder.path);
    process.kill(to === "group" ? -pid : pid, signal);
    const [ended] = await closed;
    expect(said).toMatch(/\nended: \S+hitless-bed-\S+ and its processes\n/);
    expect(said).not.toContain("NOT ENDED");
    expect(ended).toBe(code);
    expect(before.filter((each) => isRunning(each.pid))).toEqual([]);
    expect(await processesOf(folder.path)).toEqual([]);
    // The compiler's own cache stays for the next one.
    expect(readdirSync(folder.path).filter((name) => !name.startsWith("tsx-"))).toEqual([]);
  },
);

test("a process that runs in a folder goes with it, though nothing else of it names the folder", async () => {
  const folder = new OwnFolder("hi-");
  // As the workers of nginx, which write their title over their environment.
  const child = spawn("/bin/sleep", ["60"], { cwd: folder.path, env: {}, stdio: "ignore" });
  const closed = once(child, "close");
  await once(child, "spawn");
  await folder.remove();
  expect(await closed).toEqual([null, "SIGKILL"]);
});
