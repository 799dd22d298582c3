import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeMet, failpointsOf } from "./failpoints-of.ts";

const fromSource = "file:///hitless/packages/cli/src/failpoints-of.ts";
const fromPacked = "file:///hitless/dist/failpoints-of.js";

it("arms nothing when the variable is not set, packed or not", () => {
  expect(failpointsOf(undefined, fromSource)).toBeNull();
  expect(failpointsOf("", fromPacked)).toBeNull();
});

it("is refused by a packed build, which says why", () => {
  expect(() => failpointsOf("file-due=kill", fromPacked)).toThrowError(
    expect.objectContaining({
      code: "BAD_INPUT",
      exitCode: 2,
      message: expect.stringContaining("packed build"),
    }),
  );
});

it.each([
  "file-due",
  "file-due=",
  "file-due=explode",
  "file-due@0=kill",
  "file-due@x=kill",
  "file-due=hold",
  "file-due=kill,",
  "file-due=kill;line-due=kill",
])("refuses %s and says how it is written", (text) => {
  const entry = text.split(",").at(-1);
  expect(() => failpointsOf(text, fromSource)).toThrowError(
    expect.objectContaining({
      code: "BAD_INPUT",
      message: expect.stringContaining(`"${entry}"`),
      next: expect.stringContaining("ACTION is kill, enospc, eacces or hold:MS"),
    }),
  );
});

it("says that a name is unknown, and which few are near", () => {
  expect(() => failpointsOf("file-duo@2=kill", fromSource)).toThrowError(
    expect.objectContaining({
      code: "BAD_INPUT",
      message: 'HITLESS_FAILPOINT: no failpoint is called "file-duo"',
      next: expect.stringMatching(/^Near it are file-due(, [a-z-]+){3}; all are in \S+\.$/),
    }),
  );
});

it("fails at the passing that was named, as the file system would, and at no other", async () => {
  const pass = failpointsOf("file-due@2=enospc,line-due=eacces", fromSource);
  expect(pass?.("file-due")).toBeUndefined();
  expect(() => pass?.("file-due")).toThrowError(expect.objectContaining({ code: "ENOSPC" }));
  expect(pass?.("file-due")).toBeUndefined();
  for (let passing = 1; passing <= 2; passing += 1) {
    expect(() => pass?.("line-due")).toThrowError(
      expect.objectContaining({ code: "EACCES", errno: -13 }),
    );
  }
});

it("holds for as long as it says", async () => {
  const pass = failpointsOf("token-saved=hold:60", fromSource);
  const began = performance.now();
  await pass?.("token-saved");
  // Timers may fire a fraction of a millisecond early.
  expect(performance.now() - began).toBeGreaterThan(59);
});

it("kills its process at the line, after saying which it was", async () => {
  const module = new URL("failpoints-of.ts", import.meta.url).href;
  const code =
    `import { armFailpoints, failpoint } from "@hitless/core"; import { failpointsOf } from "${module}";` +
    `armFailpoints(failpointsOf("level-due@2=kill", "${module}"));` +
    `await failpoint("level-due"); console.log("passed once"); await failpoint("level-due"); console.log("passed twice");`;
  const child = runSource(code);
  let [said, out] = ["", ""];
  child.stderr?.on("data", (chunk) => (said += String(chunk)));
  child.stdout?.on("data", (chunk) => (out += String(chunk)));
  const [status, signal] = await once(child, "close");
  expect({ status, signal, out }).toEqual({
    status: null,
    signal: "SIGKILL",
    out: "passed once\n",
  });
  expect(said).toBe(`${describeMet("level-due", 2)}\n`);
});

/** Runs a module in the way `bin/hitless` does. */
function runSource(code: string): ChildProcess {
  const loader = import.meta.resolve("tsx");
  const args = ["--conditions=@hitless/source", "--import", loader, "--input-type=module"];
  return spawn(process.execPath, [...args, "--eval", code], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  });
}
