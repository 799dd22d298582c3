import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../app-bed.ts";
import type { InstalledApp } from "./installed-app.ts";
import type { NodeBinary } from "./nodes.ts";
import { runProgram } from "./run-program.ts";

/** What came of the suite on one Node, with the package as it was installed. */
export interface SuiteRun {
  readonly passed: number;
  /** What failed, with its reason. */
  readonly faults: readonly string[];
}

const suite = join(repository, "packages/app/src/testing/conformance/main.ts");
const loader = join(repository, "node_modules/tsx/dist/loader.mjs");

/** Two modules that export all parts of the package, one for each way to load it. */
export async function writeKits({ folder, specifiers }: InstalledApp): Promise<readonly string[]> {
  const [imports, requires] = [join(folder, "kit.mjs"), join(folder, "kit.cjs")];
  const all = specifiers.map((each) => `require("${each}")`).join(", ");
  await writeFile(imports, specifiers.map((each) => `export * from "${each}";\n`).join(""));
  await writeFile(requires, `module.exports = Object.assign({}, ${all});\n`);
  return [imports, requires];
}

/** Runs the suite itself from source, with the frameworks of this repository. */
export async function runSuite(node: NodeBinary, kit: string): Promise<SuiteRun> {
  const command = [node.path, "--import", loader, suite, "--kit", kit];
  const { code, stdout, stderr } = await runProgram(command, { cwd: repository });
  const tally = /^(\d+) passed, (\d+) failed$/m.exec(stdout);
  const passed = Number(tally?.[1] ?? 0);
  if (code === 0 && passed > 0) return { passed, faults: [] };
  const failed = stdout.split(/^(?=FAILED |passed )/m).filter((each) => each.startsWith("FAILED "));
  return {
    passed,
    faults: failed.length > 0 ? failed : [`the suite ended with ${code}: ${stderr}`],
  };
}
