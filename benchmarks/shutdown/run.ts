// `npm run bench:shutdown`: what clients lose when one of two servers gets a SIGTERM, by the way it stops.
// Exit code 0: all that is asked of ours holds. 1: not, or too few runs. 2: not its flags.
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { seededRandom } from "@hitless/load";
import { repository } from "../../test/bed/app-bed.ts";
import { handleInterruptions } from "../../test/bed/interruption.ts";
import { flagsOf, refuse, wholeNumber } from "../flags.ts";
import { intoDocs } from "../markdown.ts";
import { judge } from "./claims.ts";
import { type Contender, contenders } from "./contenders.ts";
import { direct } from "./environments/direct.ts";
import type { Environment } from "./environments/environment.ts";
import { haproxy } from "./environments/haproxy.ts";
import { nginxTold, nginxUntold } from "./environments/nginx.ts";
import { installPeers } from "./peers.ts";
import { lostIn, render } from "./report.ts";
import { type NotedRun, RunList, spoiltBy } from "./run-list.ts";
import { lossClasses, runOnce } from "./run-once.ts";

const environments: readonly Environment[] = [direct, nginxTold, nginxUntold, haproxy];
const usage = `npm run bench:shutdown -- [--rounds N] [--in ENVIRONMENT,...] [--only CONTENDER,...] [--out FILE] [--seed N] [--docs]
  --rounds    how many runs of each contender in each environment; 12
  --in        of ${environments.map(({ name }) => name).join(", ")}
  --only      of ${contenders.map(({ name }) => name).join(", ")}
  --out       where each run is noted, a line of JSON; those that are there already count. shutdown-runs.jsonl
  --seed      of the order and of the requests
  --docs      put the tables into docs/shutdown.md`;

const docsPage = join(repository, "docs/shutdown.md");
/** So many runs may be spoilt in a row; then this one is left out. */
const attempts = 4;

const options = {
  rounds: { type: "string" },
  in: { type: "string" },
  only: { type: "string" },
  out: { type: "string" },
  seed: { type: "string" },
  docs: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const asked = askedOf(process.argv.slice(2));
handleInterruptions(tell);
if (asked.help) console.log(usage);
else process.exitCode = await bench();

async function bench(): Promise<number> {
  await installPeers(tell);
  const list = await RunList.open(asked.out);
  tell(
    `seed ${asked.seed} (repeat its order with --seed ${asked.seed}); runs are noted in ${asked.out}`,
  );
  await measure(list);
  const cells = environments.flatMap((environment) =>
    contenders.map((contender) => ({
      environment,
      contender,
      runs: list.of(environment.name, contender.name),
    })),
  );
  const judged = judge(cells, environments);
  const found = render({ cells, judged, spoilt: list.spoilt() });
  console.log(found);
  if (asked.docs) await writeFile(docsPage, intoDocs(await readFile(docsPage, "utf8"), found));
  const complete = judged.length === environments.length;
  return complete && judged.every(({ verdict }) => verdict === "holds") ? 0 : 1;
}

/** One run of each that lacks it, in another order each round, until all have their runs. */
async function measure(list: RunList): Promise<void> {
  const random = seededRandom(asked.seed);
  const jobs = jobsOf(list, random);
  const began = performance.now();
  for (const [done, job] of jobs.entries()) {
    await undisturbed(job, list);
    const left = jobs.length - done - 1;
    const secondsLeft = ((performance.now() - began) / 1000 / (done + 1)) * left;
    tell(`${done + 1} of ${jobs.length}, ${Math.ceil(secondsLeft / 60)} min left`);
  }
}

/** Runs it until it counts, and then no more. */
async function undisturbed({ environment, contender, seed }: Job, list: RunList): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const run = await runOnce(environment, contender, seed + attempt);
    const of = { environment: environment.name, contender: contender.name };
    const noted = { at: new Date().toISOString(), ...of, ...run };
    await list.add(noted);
    tell(lineOf(noted));
    const spoilt = spoiltBy(noted);
    if (spoilt === null) return;
    tell(`does not count: ${spoilt}`);
  }
}

interface Job {
  readonly environment: Environment;
  readonly contender: Contender;
  readonly seed: number;
}

function jobsOf(list: RunList, random: () => number): readonly Job[] {
  const places = asked.environments.filter(({ name, missing }) => {
    if (missing !== null) tell(`without ${name}: ${missing}`);
    return missing === null;
  });
  const jobs: Job[] = [];
  for (let round = 1; round <= asked.rounds; round += 1) {
    for (const environment of places) {
      for (const contender of shuffled(asked.contenders, random)) {
        const seed = Math.floor(random() * 2 ** 31);
        // Those that have more runs than others wait for them.
        const there = list.of(environment.name, contender.name).length;
        if (round > there) jobs.push({ environment, contender, seed });
      }
    }
  }
  return jobs;
}

function lineOf(run: NotedRun): string {
  const classes = lossClasses
    .filter((name) => run.lost[name] > 0)
    .map((name) => `${run.lost[name]} ${name}`);
  const exit =
    run.exitSeconds === null ? "killed" : `exit ${run.exitCode} in ${run.exitSeconds.toFixed(1)} s`;
  const lost = classes.length === 0 ? "0" : `${lostIn(run)} (${classes.join(", ")})`;
  return `${run.environment}, ${run.contender}: lost ${lost} of ${run.sent}, ${exit}`;
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

function tell(line: string): void {
  console.error(line);
}

function askedOf(args: string[]) {
  const values = flagsOf(args, { options, usage });
  const { rounds = "12", only, out = "shutdown-runs.jsonl", seed, docs, help } = values;
  return {
    help,
    docs,
    rounds: wholeNumber("rounds", rounds),
    environments: named("in", environments, values.in),
    contenders: named("only", contenders, only),
    // Relative to the folder that `npm run` was called in.
    out: resolve(process.env["INIT_CWD"] ?? ".", out),
    seed: seed === undefined ? Date.now() % 100_000 : wholeNumber("seed", seed),
  };
}

function named<T extends { readonly name: string }>(
  flag: string,
  all: readonly T[],
  list: string | undefined,
): readonly T[] {
  if (list === undefined) return all;
  return list.split(",").map((name) => {
    const found = all.find((each) => each.name.toLowerCase() === name.toLowerCase());
    return (
      found ?? refuse(`--${flag}: ${name} is none of ${all.map((each) => each.name).join(", ")}`)
    );
  });
}
