import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repository } from "../bed/app-bed.ts";
import { OwnFolder } from "../bed/own-folder.ts";

const loader = join(repository, "node_modules/tsx/dist/loader.mjs");
const fixture = join(repository, "packages/core/src/testing/traces/abort.jsonl");

/** As `npm run simulate` and `npm run prove` run them. */
function run(script: string, ...args: readonly string[]) {
  const own = ["--conditions=@hitless/source", "--import", loader, script, ...args];
  return spawnSync(process.execPath, own, { cwd: repository, encoding: "utf8" });
}

describe("npm run prove", () => {
  test.each([
    { args: ["quick", "3"], says: "quick: 3 is more than it takes. Nothing was started." },
    { args: ["soak", "many"], says: "RELEASES must be a whole number from 1 on, not many" },
    { args: ["soak", "0"], says: "RELEASES must be a whole number from 1 on, not 0" },
    { args: ["replay", "--renwe"], says: "--renwe is no flag of it" },
    { args: ["replay", "abort", "nonsense"], says: "nonsense is no SCENE of it" },
    { args: ["holder"], says: "npm run prove -- holder-killed" },
    { args: ["saok"], says: "npm run prove -- soak" },
  ])("refuses $args before anything starts", ({ args, says }) => {
    const { status, stdout, stderr } = run("proofs/run.ts", ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(says);
  });

  test("suggests nothing where nothing is near", () => {
    const { stderr } = run("proofs/run.ts", "nope");
    expect(stderr).toBe("There is no proof named nope; npm run prove lists them.\n");
  });

  test("says with --help what a proof takes", () => {
    const { status, stdout } = run("proofs/run.ts", "replay", "--help");
    expect(status).toBe(0);
    expect(stdout).toContain("npm run prove -- replay [SCENE ...] [--renew]\n  SCENE    play");
  });
});

describe("bin/hitless", () => {
  /** A checkout with one file of each kind. */
  function checkout(cleanup: OwnFolder): { at: (path: string) => string; said: () => string } {
    const at = (path: string) => join(cleanup.path, path);
    for (const folder of ["bin", "node_modules", "packages/cli/src", "packages/cli/dist"]) {
      mkdirSync(at(folder), { recursive: true });
    }
    copyFileSync(join(repository, "bin/hitless"), at("bin/hitless"));
    symlinkSync(join(repository, "node_modules/tsx"), at("node_modules/tsx"));
    writeFileSync(at("packages/cli/package.json"), '{ "type": "module" }');
    writeFileSync(at("packages/cli/src/main.ts"), 'console.log("source" as string);');
    writeFileSync(at("packages/cli/dist/main.js"), 'console.log("built");');
    writeFileSync(at("packages/cli/dist/built"), "");
    const said = () => spawnSync(at("bin/hitless"), { encoding: "utf8" }).stdout.trim();
    return { at, said };
  }

  test("runs what was compiled, until a source is newer, has gone, or nothing says that it is whole", async () => {
    await using folder = new OwnFolder("a checkout ");
    const { at, said } = checkout(folder);
    expect(said()).toBe("built");
    const later = Date.now() / 1000 + 60;
    utimesSync(at("packages/cli/src/main.ts"), later, later);
    expect(said()).toBe("source");
    utimesSync(at("packages/cli/src/main.ts"), 1, 1);
    expect(said()).toBe("built");
    utimesSync(at("packages/cli/src"), later, later);
    expect(said()).toBe("source");
    utimesSync(at("packages/cli/src"), 1, 1);
    rmSync(at("packages/cli/dist/built"));
    expect(said()).toBe("source");
  });
});

describe("npm run bench:proxy", () => {
  test.each([
    { args: ["--only", "small,huge"], says: "--only: huge is none of small, browser, post," },
    { args: ["--beside", "apache"], says: "--beside: apache is none of nginx, HAProxy," },
    { args: ["--rounds", "0"], says: "--rounds must be a whole number from 1 on, not 0" },
    { args: ["--second", "3"], says: "Unknown option '--second'" },
  ])("refuses $args before anything starts", ({ args, says }) => {
    const { status, stdout, stderr } = run("benchmarks/proxy/run.ts", ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(says);
  });
});

test("npm run bench:analysis refuses what is no flag of it", () => {
  const { status, stdout, stderr } = run("benchmarks/analysis/run.ts", "--release", "9");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain("Unknown option '--release'");
});

describe("npm run simulate", () => {
  test("answers --help, and refuses a misspelt flag with the usage", () => {
    const help = run("scripts/simulate.ts", "--help");
    expect(help.status).toBe(0);
    expect(help.stdout).toMatch(/^npm run simulate -- \[--releases N\]/);
    const misspelt = run("scripts/simulate.ts", "--relaeses", "3");
    expect(misspelt.status).toBe(2);
    expect(misspelt.stderr).toMatch(/^Unknown option '--relaeses'/);
    expect(misspelt.stderr).toContain(help.stdout);
    expect(misspelt.stderr).not.toContain("    at ");
  });

  test("decides a recorded trace again, and names the first difference", async () => {
    const same = run("scripts/simulate.ts", "--trace-file", fixture);
    expect(same.status).toBe(0);
    expect(same.stdout).toMatch(
      /^\d{2,} decisions, [1-9]\d* mutations, .*: all decided the same today/,
    );
    await using folder = new OwnFolder("hitless-scripts-");
    const path = join(folder.path, "changed.jsonl");
    const lines = readFileSync(fixture, "utf8").split("\n");
    const turn = lines.findIndex((line) => line.startsWith('{"kind":"turn"'));
    const line: { decision: { why: object } } = JSON.parse(lines[turn] ?? "");
    const why = { ...line.decision.why, since: -1 };
    const changed = JSON.stringify({ ...line, decision: { ...line.decision, why } });
    writeFileSync(path, lines.with(turn, changed).join("\n"));
    const other = run("scripts/simulate.ts", "--trace-file", path);
    expect(other.status).toBe(1);
    expect(other.stdout).toMatch(`line ${turn + 1}: decides steady\n  why.since is no more\n`);
    expect(other.stdout).toContain(": 1 difference from what is decided today\n");
  });

  test.each(["no-such-file.jsonl", "README.md"])("refuses %s, which is no trace", (path) => {
    const { status, stderr } = run("scripts/simulate.ts", "--trace-file", path);
    expect(status).toBe(2);
    expect(stderr).toContain(`${join(repository, path)} cannot be replayed: `);
  });
});
