import { replayOf, simulateMany } from "../scripts/simulate-many.ts";
import type { Finding, Proof } from "./proof.ts";

/** Of 100,000 releases; of fewer as many fewer, and of less than 10,000 chance says nothing. */
const leastInCell = 50;
const leastMedian = 30;

/** Random releases under every fault, judged by the truth after every step. */
export const proof: Proof = {
  title: "100,000 random releases under every fault, killed at every line: no rule broken",
  seconds: 600,
  takes: [
    { kind: "number", name: "RELEASES", what: "how many at least; 100000", least: 1 },
    { kind: "number", name: "SEED", what: "of the first story; 1" },
  ],
  async run(args): Promise<Finding> {
    const releases = Number(args[0] ?? 100_000);
    let told = performance.now();
    const result = await simulateMany({
      releases,
      seed: Number(args[1] ?? 1),
      onProgress: (done, perSecond) => {
        if (performance.now() - told < 30_000) return;
        told = performance.now();
        console.log(`${done} of ${releases}, ${Math.round(perSecond)}/s`);
      },
    });
    const { broken, coverage, median, perSecond, peakBytes } = result;
    for (const each of broken) console.log(`${each.message}\n\nPlay it again: ${replayOf(each)}`);
    const rare = coverage.below(leastInCell * Math.min(1, releases / 100_000));
    for (const [cell, n] of rare) console.log(`RARE  ${cell}: ${n}`);
    const enough = releases < 10_000 || rare.length === 0;
    return {
      figure:
        `${result.releases} releases in ${result.stories} stories, ${broken.length} broken, ` +
        `${result.waiting} wait for what they say, rarest cell ${coverage.least()}, median ` +
        `${median} transitions a story, ${Math.round(perSecond)} releases/s, at most ` +
        `${Math.round(peakBytes / 1024 / 1024)} MiB a process`,
      ok: broken.length === 0 && enough && median >= leastMedian,
    };
  },
};
