// `npm run bench:proxy`: the proxy of a real `hitless up` beside others, in front of the same app.
// Exit code 0: all that is asked of what was measured was met. 1: not, or a request failed. 2: not its flags, or something is missing.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppBed, repository } from "../../test/bed/app-bed.ts";
import { debianPackages, isInPath } from "../../test/bed/in-path.ts";
import { handleInterruptions } from "../../test/bed/interruption.ts";
import { OwnFolder } from "../../test/bed/own-folder.ts";
import { flagsOf, refuse, wholeNumber } from "../flags.ts";
import { intoDocs } from "../markdown.ts";
import { type Contender, type Rival, startRival } from "./contender.ts";
import { startHitless, upstreamOf } from "./hitless.ts";
import { measure } from "./measure.ts";
import { type Report, render, reportOf } from "./report.ts";
import { rivals } from "./rivals.ts";
import { shapes } from "./shapes.ts";

const names = { shapes: shapes.map(({ name }) => name), rivals: rivals.map(({ name }) => name) };
const usage = `npm run bench:proxy -- [--seconds N] [--rounds N] [--only SHAPE,...] [--beside RIVAL,...] [--foreign N] [--json FILE] [--docs]
  --seconds  of one sample; 3
  --rounds   how many samples of each; 4
  --only     of ${names.shapes.join(", ")}
  --beside   of ${names.rivals.join(", ")}; Hitless is always there
  --foreign  a sample counts only while other processes use less, in cores; 0.2
  --json     where to write every sample
  --docs     put the tables into docs/performance.md`;

const docsPage = join(repository, "docs/performance.md");

const options = {
  seconds: { type: "string" },
  rounds: { type: "string" },
  only: { type: "string" },
  beside: { type: "string" },
  foreign: { type: "string" },
  json: { type: "string" },
  docs: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const asked = askedOf(process.argv.slice(2));
handleInterruptions((line) => console.error(line));
if (asked.help) console.log(usage);
else process.exitCode = await run();

async function run(): Promise<number> {
  if (!isInPath("wrk") || !isInPath("nginx")) {
    return refuse(`The benchmark needs wrk and nginx: ${debianPackages}`);
  }
  const report = await bench();
  if (asked.json !== undefined) await writeFile(asked.json, `${JSON.stringify(report, null, 1)}\n`);
  if (asked.docs)
    await writeFile(docsPage, intoDocs(await readFile(docsPage, "utf8"), render(report)));
  console.log(render(report));
  return report.claims.every(({ verdict }) => verdict === "met") ? 0 : 1;
}

async function bench(): Promise<Report> {
  await using bed = await AppBed.make({ app: "../benchmarks/proxy/app" });
  await using second = await AppBed.make({ app: "../benchmarks/proxy/app" });
  await using folder = new OwnFolder("hitless-bench-");
  const contenders = [
    await startHitless(bed, { name: "Hitless" }),
    await startHitless(second, { name: "Hitless x2", workers: 2, only: ["fresh"] }),
  ];
  const upstream = await upstreamOf(bed);
  const upstreamPids = [upstream.pid, (await upstreamOf(second)).pid];
  for (const rival of asked.rivals) {
    if (rival.missing !== null) console.error(`without ${rival.name}: ${rival.missing}`);
    else contenders.push(await started(rival, folder.path, upstream.port));
  }
  const { seconds, rounds, foreign } = asked;
  const rig = { contenders, upstreamPids };
  const course = {
    shapes: asked.shapes,
    rounds,
    seconds,
    foreign,
    tell: (line: string) => console.error(line),
  };
  const planned = {
    contenders: contenders.map(({ name }) => name),
    shapes: asked.shapes.map(({ name }) => name),
  };
  const found = await measure(rig, course);
  return reportOf({ seconds, rounds, foreign, ...found }, planned);
}

async function started(rival: Rival, root: string, upstreamPort: number): Promise<Contender> {
  const folder = join(root, rival.name.replace(/\W/g, "-"));
  await mkdir(folder, { mode: 0o711 });
  return await startRival(rival, { folder, upstreamPort });
}

function askedOf(args: string[]) {
  const values = flagsOf(args, { options, usage });
  const { seconds = "3", rounds = "4", foreign = "0.2", only, beside, json, docs, help } = values;
  return {
    help,
    docs,
    foreign: /^\d+(\.\d+)?$/.test(foreign)
      ? Number(foreign)
      : refuse(`--foreign must be a number of cores such as 0.2, not ${foreign}`),
    seconds: wholeNumber("seconds", seconds),
    rounds: wholeNumber("rounds", rounds),
    shapes: named("only", shapes, only),
    rivals: named("beside", rivals, beside),
    // Relative to the folder that `npm run` was called in.
    json: json === undefined ? undefined : resolve(process.env["INIT_CWD"] ?? ".", json),
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
