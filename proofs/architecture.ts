import { execFile } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { violationsIn } from "../test/architecture/rules.ts";
import { OwnFolder } from "../test/bed/own-folder.ts";
import type { Finding, Proof } from "./proof.ts";

/** A violation to plant in a copy of the sources; `file` is what the test must then name. */
interface Plant {
  readonly what: string;
  readonly file: string;
  readonly edit: (source: string) => string;
}

const root = resolve(import.meta.dirname, "..");
const testTimeoutMs = 60_000;
const branchOn = (strategy: string) => (source: string) =>
  `${source}\nexport const planted = (app: any) => app.strategy.kind === "${strategy}";\n`;

/** The architecture test refuses each kind of violation, in a copy of today's sources. */
export const proof: Proof = {
  title: "a strategy's name in an engine, or an import the wrong way, fails the architecture test",
  seconds: 15,
  async run(): Promise<Finding> {
    const inTree = violationsIn(root);
    for (const { where, message } of inTree) console.log(`in the tree: ${where} ${message}`);
    let refused = 0;
    for (const plant of plants()) {
      const seen = await isRefused(plant);
      if (seen) refused += 1;
      console.log(`${seen ? "refused" : "MISSED "}  ${plant.what} (${plant.file})`);
    }
    const total = plants().length;
    return {
      figure: `${refused} of ${total} violations refused, ${inTree.length} in the tree`,
      ok: refused === total && inTree.length === 0,
    };
  },
};

function plants(): readonly Plant[] {
  return [
    { what: "a strategy name in an engine", file: sourceIn("local"), edit: branchOn("rolling") },
    { what: "a strategy name in the proxy", file: sourceIn("proxy"), edit: branchOn("canary") },
    {
      what: "a strategy name in the controller",
      file: sourceIn("controller"),
      edit: branchOn("recreate"),
    },
    {
      what: "an import that points the wrong way",
      file: sourceIn("core"),
      edit: (source) => `import "@hitless/local";\n${source}`,
    },
    {
      what: "a dependency that points the wrong way",
      file: "packages/controller/package.json",
      edit: (source) => source.replace(`"dependencies": {`, `$& "@hitless/local": "0.0.0",`),
    },
  ];
}

/** A source that exists today; a package without one gets its first. */
function sourceIn(workspace: string): string {
  const names = namesIn(join(root, "packages", workspace, "src"));
  const source = names.find((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  return `packages/${workspace}/src/${source ?? "planted.ts"}`;
}

/** The test passes on an untouched copy as far as this file goes, and names it once planted. */
async function isRefused(plant: Plant): Promise<boolean> {
  await using folder = new OwnFolder("hitless-architecture-");
  const copy = folder.path;
  copySources(copy);
  const before = violationsIn(copy).filter(({ where }) => where.startsWith(plant.file)).length;
  const path = join(copy, plant.file);
  writeFileSync(path, plant.edit(read(path)));
  const { failed, output } = await runTheTest(folder);
  return before === 0 && failed && output.includes(plant.file);
}

function copySources(copy: string): void {
  for (const name of namesIn(join(root, "packages"))) {
    for (const part of ["package.json", "src"]) {
      const from = join(root, "packages", name, part);
      if (existsSync(from)) cpSync(from, join(copy, "packages", name, part), { recursive: true });
    }
  }
  cpSync(join(root, "docs"), join(copy, "docs"), { recursive: true });
}

/** Runs the committed test itself, its eyes turned to the copy. */
function runTheTest({
  path,
  env: own,
}: OwnFolder): Promise<{ readonly failed: boolean; readonly output: string }> {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--project", "unit", "test/architecture/architecture.test.ts"];
  const env = { ...process.env, ...own, HITLESS_ARCHITECTURE_ROOT: path, NO_COLOR: "1" };
  const options = { cwd: root, env, timeout: testTimeoutMs, maxBuffer: 16 * 1024 * 1024 };
  return new Promise((done) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      done({ failed: error !== null, output: stdout + stderr });
    });
  });
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
