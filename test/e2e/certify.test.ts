import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Certificate, certify } from "@hitless/load";
import { describe, expect, test } from "vitest";
import { repository } from "../bed/app-bed.ts";
import { badApps, commandOf, goodApps, missingFor, timesFor } from "../bed/drain-apps.ts";
import { OwnFolder, processesOf } from "../bed/own-folder.ts";

const times = timesFor({ delayMs: 700, slowMs: 1200 });
const quick = { drainDelayMs: 400, steadyMs: 300, graceMs: 15_000 };

function failedOf({ items }: Certificate) {
  return items
    .filter(({ verdict }) => verdict === "fail")
    .map(({ id, evidence }) => `${id}: ${evidence}`);
}

// The apps of docs/any-language.md, and one of the bad ones; the proof `certify` has them all. They
// mostly wait, and do so beside each other.
describe.concurrent("certify", () => {
  for (const app of goodApps.filter(({ needs }) => needs !== "node")) {
    const title = `passes an app in ${app.needs} that stops well`;
    test.skipIf(missingFor(app) !== null)(title, async ({ expect }) => {
      await using folder = new OwnFolder("hitless-certify-");
      const command = await commandOf(app, folder);
      const found = await certify({ ...quick, command, env: times, paths: app.paths });
      expect(failedOf(found)).toEqual([]);
      expect(found.counts.pass).toBeGreaterThanOrEqual(app.needs === "python" ? 21 : 20);
    });
  }

  test("ends with 6, the item and its fix for an app that stops badly, and leaves nothing", async ({
    expect,
  }) => {
    await using folder = new OwnFolder("hitless-certify-");
    const [bad = badApps[0]] = badApps.filter(({ name }) => name === "answers-503");
    if (bad === undefined) throw new Error("no bad app");
    const command = (await commandOf(bad, folder)).join(" ");
    const args = ["certify", "--drain-delay", "400ms", "--command", command];
    const env = { ...process.env, ...folder.env, ...times };
    const { code, stdout, stderr } = await new Promise<{
      code: unknown;
      stdout: string;
      stderr: string;
    }>((resolve) => {
      const bin = join(repository, "bin/hitless");
      execFile(bin, args, { cwd: folder.path, env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
    expect(stderr).toContain("error NOT_CERTIFIED: 1 of 23 items failed: keeps-answering");
    expect(code).toBe(6);
    expect(stdout).toMatch(/^FAIL +D: answers as usual meanwhile/m);
    expect(stdout).toContain("docs/any-language.md#keep-serving");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(await processesOf(folder.path)).toEqual([]);
  });
});

test.each([
  ["python", "examples/any-language/python/server.py"],
  ["go", "examples/any-language/go/main.go"],
])("docs/any-language.md shows the %s app as it is", async (language, file) => {
  const page = await readFile(join(repository, "docs/any-language.md"), "utf8");
  const [, shown] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(page) ?? [];
  expect(shown).toBe(await readFile(join(repository, file), "utf8"));
});
