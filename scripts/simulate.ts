// `npm run simulate -- --releases 100000 [--seed S] [--workers N]` plays random releases, `npm run
// simulate -- --seed S [--keep 0,2] [--trace]` plays one of them again, `npm run simulate --
// --trace-file PATH` decides again what a real controller has recorded. Exit code 1: a rule broke, or
// something is decided otherwise today. 2: not its flags, or no such file. 130, 143: interrupted.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { impossible, only, play, replayTrace, tell } from "@hitless/core/testing";
import { handleInterruptions } from "../test/bed/interruption.ts";
import { linesOf } from "./lines-of-difference.ts";
import { type ManyResult, replayOf, simulateMany } from "./simulate-many.ts";

const usage = `npm run simulate -- [--releases N] [--seed S] [--workers N]
  plays random releases, 10000 by default, on all cores; S is the seed of the first story
npm run simulate -- --seed S [--keep 0,3] [--trace]
  plays one story again; --keep: with these of its happenings alone (none: with none); --trace: step by step
npm run simulate -- --trace-file PATH
  decides again what a controller has recorded: .hitless/traces/*.jsonl of hitless up --record`;

const values = valuesOf(process.argv.slice(2));
handleInterruptions((line) => console.error(line));
if (values.help) console.log(usage);
else process.exitCode = await run();

function run(): Promise<number> | number {
  if (values["trace-file"] !== undefined) return decideAgain(values["trace-file"]);
  if (values.releases === undefined && values.seed !== undefined) {
    return replay(whole("seed", values.seed));
  }
  return many(whole("releases", values.releases ?? "10000"));
}

function valuesOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        releases: { type: "string" },
        seed: { type: "string" },
        workers: { type: "string" },
        keep: { type: "string" },
        trace: { type: "boolean", default: false },
        "trace-file": { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (thrown) {
    return refuse(`${messageOf(thrown)}\n\n${usage}`);
  }
}

/** Relative to the folder that `npm run` was called in. */
function decideAgain(path: string): number {
  const file = resolve(process.env["INIT_CWD"] ?? process.cwd(), path);
  const { turns, mutations, interventions, differences } = reportOf(file);
  const found = differences.length;
  for (const line of differences.slice(0, 1).flatMap(linesOf)) console.log(line);
  console.log(
    `${turns} decisions, ${mutations} mutations, ${interventions} changes from outside: ` +
      (found === 0
        ? "all decided the same today"
        : `${found} ${found === 1 ? "difference" : "differences"} from what is decided today`),
  );
  return found === 0 ? 0 : 1;
}

function reportOf(file: string) {
  try {
    return replayTrace(readFileSync(file, "utf8").split("\n"));
  } catch (thrown) {
    return refuse(`${file} cannot be replayed: ${messageOf(thrown)}`);
  }
}

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
    console.log(messageOf(thrown));
    return 1;
  }
}

function numbers(list: string): readonly number[] {
  return list === "none" ? [] : list.split(",").map((each) => whole("keep", each));
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return refuse(`--${name} must be a whole number, not ${text}`);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}
