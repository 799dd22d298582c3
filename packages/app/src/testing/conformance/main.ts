import { parseArgs } from "node:util";
import { loadKit } from "./kit.ts";
import { runCases } from "./run-cases.ts";
import { cases } from "./suite.ts";

/**
 * Holds `@hitless/app` to its clauses, without a test runner: `main.ts --kit MODULE [--only TEXT]`.
 * MODULE exports all of it, as it was installed somewhere. Exits with 1 when a clause does not hold.
 */
const { values } = parseArgs({
  options: {
    kit: { type: "string", default: "" },
    only: { type: "string", default: "" },
  },
});

const kit = await loadKit(values.kit);
const chosen = cases.filter(({ subject, clause }) => `${subject}: ${clause}`.includes(values.only));
let failed = 0;
for (const [{ subject, clause }, outcome] of runCases(kit, chosen)) {
  const { error, ms } = await outcome;
  if (error !== undefined) failed += 1;
  const verdict = error === undefined ? "passed" : "FAILED";
  process.stdout.write(`${verdict} ${subject}: ${clause} (${ms} ms)\n`);
  if (error !== undefined)
    process.stdout.write(`${error instanceof Error ? error.stack : error}\n`);
}
process.stdout.write(`${chosen.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
