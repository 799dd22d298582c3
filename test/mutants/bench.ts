import { spawn } from "node:child_process";
import { cp, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { refuseWhenInterrupted } from "../bed/interruption.ts";
import { OwnFolder } from "../bed/own-folder.ts";
import { type Mutant, sabotaged } from "./mutant.ts";

/** How the tests ended. */
export interface TestRun {
  readonly kind: "passed" | "failed" | "hung";
  /** The file whose test failed first; null when none did, or when not even that is known. */
  readonly file: string | null;
  /** The test that failed first; what was printed when there is none. */
  readonly first: string;
  readonly seconds: number;
}

const notCopied = new Set([".git", "node_modules"]);
/** A sabotage may make a test wait for what never comes. */
const hungAfterMs = 180_000;
/** All that the sabotages may fail, on a busy machine. */
const wholeWithinMs = 900_000;

/** A copy of the sources in which one file at a time is sabotaged and tested. */
export class MutantBench implements AsyncDisposable {
  private readonly root: string;
  /** What the tests of a sabotage leave behind goes with it. */
  private readonly temporary = new OwnFolder("hm-");
  private readonly folder: OwnFolder;

  private constructor(folder: OwnFolder) {
    this.folder = folder;
    this.root = folder.path;
  }

  /** Copies the sources of a repository whose dependencies are installed. */
  static async make(repository: string): Promise<MutantBench> {
    const folder = new OwnFolder("hitless-mutants-");
    const root = folder.path;
    const filter = (path: string) => !notCopied.has(basename(path));
    await cp(repository, root, { recursive: true, filter, verbatimSymlinks: true });
    await linkModules(repository, root);
    return new MutantBench(folder);
  }

  /**
   * Runs the tests of these paths on the sabotaged sources, up to the first failure; without paths,
   * all tests that load what was sabotaged, and no others. The file that fails is run once more:
   * only what fails again has seen the sabotage, and not a busy machine.
   */
  async tryOut(mutant: Mutant, paths: readonly string[] | null): Promise<TestRun> {
    const path = join(this.root, mutant.file);
    const source = await readFile(path, "utf8");
    await writeFile(path, sabotaged(source, mutant));
    try {
      const which = paths === null ? ["related", mutant.file] : ["run", ...paths];
      const run = await this.failing(which);
      if (run.kind !== "failed" || run.file === null) return { ...run, kind: "passed" };
      const again = await this.test([run.file], hungAfterMs);
      const seconds = run.seconds + again.seconds;
      if (again.kind !== "passed") return { ...run, seconds };
      return { kind: "passed", file: null, first: `${run.file} failed once only`, seconds };
    } finally {
      await writeFile(path, source);
    }
  }

  /** Ended at the first failure, the report may lack the very test that failed: then once more. */
  private async failing(which: readonly string[]): Promise<TestRun> {
    const run = await this.run(which, hungAfterMs);
    return run.kind === "failed" && run.file === null ? this.run(which, hungAfterMs) : run;
  }

  /** Runs the tests of these paths, up to the first failure. */
  test(paths: readonly string[], withinMs = wholeWithinMs): Promise<TestRun> {
    return this.run(["run", ...paths], withinMs);
  }

  private async run(which: readonly string[], withinMs: number): Promise<TestRun> {
    const report = join(this.root, "report.json");
    await rm(report, { force: true });
    const began = performance.now();
    const args = ["--run", "--project", "unit", "--bail", "1", "--reporter", "json"];
    const ended = await this.vitest([...which, ...args, "--outputFile", report], withinMs);
    const seconds = (performance.now() - began) / 1000;
    if (ended.kind === "hung") return { kind: "hung", file: null, first: "no end", seconds };
    if (ended.code === 0) return { kind: "passed", file: null, first: "", seconds };
    const failure = await firstFailure(report, this.root);
    const unknown = { file: null, first: ended.said.slice(-500) };
    return { kind: "failed", ...(failure ?? unknown), seconds };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.temporary.remove();
    await this.folder.remove();
  }

  private vitest(
    args: readonly string[],
    withinMs: number,
  ): Promise<{
    readonly kind: "hung" | "ended";
    readonly code: number | null;
    readonly said: string;
  }> {
    const command = join(this.root, "node_modules/vitest/vitest.mjs");
    refuseWhenInterrupted();
    const child = spawn(process.execPath, [command, ...args], {
      cwd: this.root,
      env: { ...process.env, ...this.temporary.env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let hung = false;
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    const timer = setTimeout(() => {
      hung = true;
      // Its own group: vitest's workers and what tests started end with it.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, withinMs);
    return new Promise((ended, failed) => {
      child.once("error", failed);
      child.once("close", (code) => {
        clearTimeout(timer);
        ended({ kind: hung ? "hung" : "ended", code, said });
      });
    });
  }
}

/** What became of a sabotage, in one line. */
export function lineOf({ name, breaks }: Mutant, { kind, file, first, seconds }: TestRun): string {
  // Tests without an end tell nobody what is wrong.
  const by = kind === "failed" ? `caught by ${file}: ${first}` : `SURVIVED ${first}`;
  return `${name} (${breaks}): ${by} (${seconds.toFixed(0)} s)`;
}

/** Links to what is installed; our own packages are the copy's. */
async function linkModules(repository: string, root: string): Promise<void> {
  const from = join(repository, "node_modules");
  const to = join(root, "node_modules");
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const { name } = entry;
    // Vite keeps its caches there: each copy has its own.
    if (name === "@hitless" || name.startsWith(".vite")) continue;
    const target = entry.isSymbolicLink() ? await readlink(join(from, name)) : join(from, name);
    await symlink(target, join(to, name));
  }
  await mkdir(join(to, "@hitless"));
  for (const name of await readdir(join(from, "@hitless"))) {
    await symlink(await readlink(join(from, "@hitless", name)), join(to, "@hitless", name));
  }
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

async function firstFailure(
  path: string,
  root: string,
): Promise<Pick<TestRun, "file" | "first"> | null> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return null;
  const report: Report = JSON.parse(text);
  for (const { name, message, assertionResults } of report.testResults) {
    const file = relative(root, name);
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed !== undefined) {
      const [why = ""] = failed.failureMessages.join("\n").split("\n");
      return { file, first: `${failed.fullName}: ${why}` };
    }
    if (message !== "") return { file, first: message.split("\n")[0] ?? "" };
  }
  return null;
}
