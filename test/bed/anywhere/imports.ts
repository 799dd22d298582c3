import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { InstalledApp } from "./installed-app.ts";
import type { NodeBinary } from "./nodes.ts";
import { jsonLinesOf, runProgram } from "./run-program.ts";

/** What is wrong with `import` and `require` of each part, on one Node. Nothing may stand on standard error. */
export async function importFaults(
  app: InstalledApp,
  node: NodeBinary,
): Promise<readonly string[]> {
  const { specifiers } = app;
  const names = specifiers.map((_, index) => `part${index}`);
  const say = `process.stdout.write(JSON.stringify([${names.join()}].map((part) => Object.keys(part).sort())));`;
  const imported = await partsOf(app, node, [
    "parts.mjs",
    [...specifiers.map((each, index) => `import * as part${index} from "${each}";`), say].join(
      "\n",
    ),
  ]);
  const required = await partsOf(app, node, [
    "parts.cjs",
    [...specifiers.map((each, index) => `const part${index} = require("${each}");`), say].join(
      "\n",
    ),
  ]);
  if ("fault" in imported) return [imported.fault];
  if ("fault" in required) return [required.fault];
  const differs = imported.parts !== required.parts;
  return [
    ...(differs ? [`import has ${imported.parts}, require ${required.parts}`] : []),
    ...(imported.parts.includes("[]") ? [`a part exports nothing: ${imported.parts}`] : []),
    ...(await bothFaults(app, node)),
  ];
}

async function partsOf(
  app: InstalledApp,
  node: NodeBinary,
  [name, text]: readonly [string, string],
): Promise<{ readonly parts: string } | { readonly fault: string }> {
  const path = join(app.folder, `${node.version}-${name}`);
  await writeFile(path, text);
  const { code, stdout, stderr } = await runProgram([node.path, path], { cwd: app.folder });
  return code === 0 && stderr === "" ? { parts: stdout } : { fault: `${name}: ${code} ${stderr}` };
}

/** One of each in a process: they end together. */
async function bothFaults(app: InstalledApp, node: NodeBinary): Promise<readonly string[]> {
  const run = await runProgram([node.path, "both.mjs"], { cwd: app.folder });
  const said = JSON.stringify(jsonLinesOf(run));
  const receipts = said.split('"kind":"drain-receipt"').length - 1;
  const isRight =
    run.code === 0 &&
    run.stderr === "" &&
    receipts === 2 &&
    said.endsWith('{"code":0}]') &&
    said.includes('"isOne":false');
  return isRight ? [] : [`both in one process: ${run.code} ${said} ${run.stderr}`];
}
