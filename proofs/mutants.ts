import { dirname } from "node:path";
import { repository } from "../test/bed/app-bed.ts";
import { lineOf, MutantBench, type TestRun } from "../test/mutants/bench.ts";
import { mutants } from "../test/mutants/index.ts";
import type { Mutant } from "../test/mutants/mutant.ts";
import type { Finding, Proof } from "./proof.ts";

const leastMutants = 40;
const mostMinutes = 30;

/** Rules are only as good as what notices that they are broken. */
export const proof: Proof = {
  title: `${mutants.length} small sabotages of the rules, each caught by the unit and simulator tier`,
  seconds: 1680,
  takes: [
    { kind: "names", name: "MUTANT", what: "try these alone", of: mutants.map(({ name }) => name) },
  ],
  async run(names): Promise<Finding> {
    const chosen = mutants.filter(({ name }) => names.length === 0 || names.includes(name));
    await using bench = await MutantBench.make(repository);
    const began = performance.now();
    await refuseBrokenTests(bench, chosen);
    let caught = 0;
    for (const [index, mutant] of chosen.entries()) {
      const run = await outcomeOf(bench, mutant);
      if (run.kind === "failed") caught += 1;
      console.log(`${index + 1}/${chosen.length} ${lineOf(mutant, run)}`);
    }
    const least = names.length === 0 ? leastMutants : 1;
    const minutes = (performance.now() - began) / 60_000;
    return {
      figure: `${caught} of ${chosen.length} mutants caught in ${minutes.toFixed(1)} min (at least ${least} wanted, under ${mostMinutes} min)`,
      ok: caught === chosen.length && chosen.length >= least && minutes < mostMinutes,
    };
  },
};

/** A mutant that is "caught" by a test which fails anyway proves nothing. */
async function refuseBrokenTests(bench: MutantBench, chosen: readonly Mutant[]): Promise<void> {
  const packages = [...new Set(chosen.map(packageOf))];
  const run = await bench.test(packages);
  if (run.kind !== "passed") throw new Error(`fails without a mutant: ${run.file}: ${run.first}`);
  console.log(`${packages.join(", ")}: green without a mutant in ${run.seconds.toFixed(0)} s`);
}

/** The tests beside it first, then its package's; who survives those meets all that load it. */
async function outcomeOf(bench: MutantBench, mutant: Mutant): Promise<TestRun> {
  let seconds = 0;
  for (const tests of [dirname(mutant.file), packageOf(mutant)]) {
    const run = await bench.tryOut(mutant, [tests]);
    seconds += run.seconds;
    if (run.kind === "failed") return { ...run, seconds };
  }
  const last = await bench.tryOut(mutant, null);
  return { ...last, seconds: seconds + last.seconds };
}

function packageOf({ file }: Mutant): string {
  return file.split("/").slice(0, 2).join("/");
}
