import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OwnFolder } from "../test/bed/own-folder.ts";
import type { Finding, Proof } from "./proof.ts";

/** What vitest's JSON reporter says of one test file, as far as it is read here. */
interface FileResult {
  readonly name: string;
  readonly assertionResults: readonly {
    readonly ancestorTitles: readonly string[];
    readonly title: string;
    readonly status: string;
    readonly duration?: number | null;
  }[];
}

const root = resolve(import.meta.dirname, "..");
const timeoutMs = 300_000;

/** The committed suite itself, run as `npm test` runs it; this counts what it said. */
export const proof: Proof = {
  title: "the simulator's engine and the real one keep the same contract, clause by clause",
  seconds: 45,
  async run(): Promise<Finding> {
    const files = await runSuite();
    const results = files.flatMap((file) => file.assertionResults);
    const suite = results.filter((each) => clauseOf(each.title) !== null);
    const engines = new Set(suite.map((each) => each.ancestorTitles[0] ?? ""));
    const clauses = new Set(suite.map((each) => clauseOf(each.title)));
    for (const clause of [...clauses].sort((a, b) => Number(a) - Number(b))) {
      const own = suite.filter((each) => clauseOf(each.title) === clause);
      const passed = own.filter((each) => each.status === "passed").length;
      console.log(`clause ${clause}: ${passed} of ${own.length} passed`);
    }
    const failed = results.filter((each) => each.status !== "passed");
    for (const each of failed) console.log(`FAILED ${each.ancestorTitles[0] ?? ""} ${each.title}`);
    return {
      figure:
        `${clauses.size} clauses, ${suite.length / Math.max(1, engines.size)} tests on ` +
        `${engines.size} engines (${[...engines].join(", ")}): ` +
        `${results.length - failed.length} passed, ${failed.length} failed`,
      ok: failed.length === 0 && engines.size > 1,
    };
  },
};

function clauseOf(title: string): number | null {
  const number = /^(\d+)\. /.exec(title)?.[1];
  return number === undefined ? null : Number(number);
}

async function runSuite(): Promise<readonly FileResult[]> {
  // Where the suite makes its folders; what it leaves behind when it is interrupted goes with it.
  await using folder = new OwnFolder("hc-");
  const report = join(folder.path, "report.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = ["run", "test/conformance", "--reporter=json", `--outputFile=${report}`];
  const env = { ...process.env, ...folder.env };
  await new Promise<void>((done) => {
    // Its exit code says no more than the report does.
    execFile(process.execPath, [vitest, ...args], { cwd: root, env, timeout: timeoutMs }, () =>
      done(),
    );
  });
  const { testResults }: { testResults: readonly FileResult[] } = JSON.parse(
    await readFile(report, "utf8"),
  );
  return testResults;
}
