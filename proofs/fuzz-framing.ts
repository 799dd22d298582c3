import { repository } from "../test/bed/app-bed.ts";
import { fuzzFraming } from "../test/fuzz/fuzz-framing.ts";
import { lineOf, MutantBench } from "../test/mutants/bench.ts";
import { framingMutants } from "../test/mutants/framing.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const mutations = 200_000;
const leastBroken = 20;
const fuzzer = "test/fuzz";

/** Random bytes, as the proxy and as Node's own parser read them. */
export const proof: Proof = {
  title: `${mutations} mutated requests and answers mean to the proxy what they mean to llhttp; ${framingMutants.length} broken rules are noticed`,
  seconds: 900,
  takes: [
    { kind: "number", name: "MUTATIONS", what: `how many cases; ${mutations}`, least: 1 },
    seedArgument,
    {
      kind: "names",
      name: "RULE",
      what: "break these alone",
      of: framingMutants.map(({ name }) => name),
    },
  ],
  async run([count = String(mutations), given, ...names]): Promise<Finding> {
    const to = Number(count);
    const seed = Number(given ?? Date.now() % 1_000_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- fuzz-framing ${to} ${seed})`);
    const report = await fuzzFraming({ seed, to, onProgress: progressOf(to) });
    for (const [name, times] of Object.entries(report.stricter).sort((a, b) => b[1] - a[1])) {
      console.log(`stricter than llhttp ${times} times: ${name}`);
    }
    if (report.failure !== null) return { figure: report.failure, ok: false };
    const chosen = framingMutants.filter(({ name }) => names.length === 0 || names.includes(name));
    const caught = await breakRules(chosen);
    return {
      figure: `${report.tried} mutations in ${report.seconds.toFixed(0)} s, ${report.passed} passed on as llhttp reads them, none in another way; ${caught} of ${chosen.length} broken rules noticed`,
      ok: caught === chosen.length && chosen.length >= (names.length === 0 ? leastBroken : 1),
    };
  },
};

function progressOf(all: number): (tried: number) => void {
  const every = Math.max(50_000, all / 20);
  return (tried) => {
    if (tried > 0 && tried % every === 0) console.log(`${tried} tried`);
  };
}

/** How many of these broken rules make the fuzzer's own tests fail; without one, they must not. */
async function breakRules(chosen: typeof framingMutants): Promise<number> {
  await using bench = await MutantBench.make(repository);
  const whole = await bench.test([fuzzer]);
  if (whole.kind !== "passed") throw new Error(`fails without a broken rule: ${whole.first}`);
  let caught = 0;
  for (const [index, mutant] of chosen.entries()) {
    const run = await bench.tryOut(mutant, [fuzzer]);
    if (run.kind === "failed") caught += 1;
    console.log(`${index + 1}/${chosen.length} ${lineOf(mutant, run)}`);
  }
  return caught;
}
