// `npm run simulate -- --releases 100000 [--seed S] [--workers N]` plays random releases, `npm run
// simulate -- --seed S [--keep 0,2] [--trace]` plays one of them again. Exit code 1: a rule broke.
import { parseArgs } from "node:util";
import { impossible, only, play, tell } from "@hitless/core/testing";
import { type ManyResult, replayOf, simulateMany } from "./simulate-many.ts";

const { values } = parseArgs({
  options: {
    releases: { type: "string" },
    seed: { type: "string" },
    workers: { type: "string" },
    keep: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});

process.exitCode =
  values.releases === undefined && values.seed !== undefined
    ? await replay(whole("seed", values.seed))
    : await many(whole("releases", values.releases ?? "10000"));

async function many(releases: number): Promise<number> {
  const seed = whole("seed", values.seed ?? "1");
  const workers = values.workers === undefined ? {} : { workers: whole("workers", values.workers) };
  let told = 0;
  const result = await simulateMany({
    releases,
    seed,
    ...workers,
    onProgress: (done, perSecond) => {
      if (performance.now() - told < 10_000) return;
      told = performance.now();
      const left = Math.ceil((releases - done) / perSecond);
      console.error(
        `${done} of ${releases} releases, ${Math.round(perSecond)}/s, about ${left} s left`,
      );
    },
  });
  return report(result);
}

function report(result: ManyResult): number {
  const { stories, releases, waiting, median, perSecond, peakBytes, broken, coverage } = result;
  for (const each of broken) {
    console.log(`${each.message}\n\nPlay it again: ${replayOf(each)}`);
  }
  console.log(coverage.table());
  for (const { reason } of impossible) console.log(`-  ${reason}`);
  console.log(
    `${releases} releases in ${stories} stories, ${broken.length} broken, ${waiting} wait for what ` +
      `they say; median ${median} transitions a story, rarest cell ${coverage.least()}, ` +
      `${Math.round(perSecond)} releases/s, ` +
      `at most ${Math.round(peakBytes / 1024 / 1024)} MiB a process`,
  );
  return broken.length === 0 ? 0 : 1;
}

async function replay(seed: number): Promise<number> {
  const told = tell(seed);
  const story = values.keep === undefined ? told : only(told, numbers(values.keep));
  console.log(JSON.stringify(story, null, 1));
  try {
    const { simulation, transitions } = await play(story, { traced: Number.POSITIVE_INFINITY });
    if (values.trace) {
      for (const { at, levels, available, total, decision } of simulation.trace) {
        console.log(`${at} ms  ${JSON.stringify(levels)} ${available}/${total}  ${decision}`);
      }
    }
    console.log(`${transitions} transitions, no rule broken`);
    return 0;
  } catch (thrown) {
    console.log(thrown instanceof Error ? thrown.message : String(thrown));
    return 1;
  }
}

function numbers(list: string): readonly number[] {
  return list === "none" ? [] : list.split(",").map((each) => whole("keep", each));
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} must be a whole number, not ${text}`);
  process.exit(2);
}
