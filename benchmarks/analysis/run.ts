// `npm run bench:analysis`: how often the same code is sent back, and whom a bad version harms until it is.
// Exit code 0: all that is asked was met. 1: not. 2: not its flags.
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { repository } from "../../test/bed/app-bed.ts";
import { flagsOf, wholeNumber } from "../flags.ts";
import { intoDocs } from "../markdown.ts";
import { appRates, fatesOf, type Harm } from "./bad-version.ts";
import { sameCode, type Version } from "./climate.ts";
import { plot } from "./plot.ts";
import { claimsOf, type FalseAlarms, type Judged, type Report, render } from "./report.ts";
import { isSentBack, type SameCode, sameCodes } from "./same-code.ts";

const usage = `npm run bench:analysis -- [--releases N] [--canaries N] [--seed N] [--json FILE] [--docs]
  --releases  of the same code in any climate, and a fifth as many, or a fortieth of those that last, in each of ${sameCodes.length - 1} others; 10000
  --canaries  of each version beside fixed windows; 100
  --seed      the first one; 1
  --json      where to write what was found
  --docs      put the tables into docs/analysis.md and draw docs/images/evidence.svg`;

const versions: readonly { name: string; bad: boolean; version: Version; harm: Harm }[] = [
  { name: "the same code", bad: false, version: sameCode, harm: "failed" },
  { name: "errors 0.1 to 2 %", bad: true, version: { errors: 0.019, slower: 1 }, harm: "failed" },
  { name: "errors 0.1 to 0.5 %", bad: true, version: { errors: 0.004, slower: 1 }, harm: "failed" },
  { name: "p95 × 1.5", bad: true, version: { errors: 0, slower: 1.5 }, harm: "slow" },
];

const options = {
  releases: { type: "string" },
  canaries: { type: "string" },
  seed: { type: "string" },
  json: { type: "string" },
  docs: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const asked = askedOf(process.argv.slice(2));
if (asked.help) console.log(usage);
else process.exitCode = await run();

async function run(): Promise<number> {
  const began = performance.now();
  const alarms = sameCodes.map(falseAlarms);
  const judged = appRates.map((rate) => ({
    rate,
    versions: versions.map((one) => judge(one, rate)),
  }));
  const seconds = (performance.now() - began) / 1000;
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  const report: Report = { date, seconds, alarms, judged };
  if (asked.json !== undefined) await writeFile(asked.json, `${JSON.stringify(report, null, 1)}\n`);
  if (asked.docs) await intoTheDocs(report);
  console.log(render(report));
  return claimsOf(report).every(({ met }) => met) ? 0 : 1;
}

function falseAlarms(world: SameCode): FalseAlarms {
  const releases = Math.ceil(asked.releases / world.every);
  let back = 0;
  for (let n = 0; n < releases; n += 1) {
    if (isSentBack(world, asked.seed + n)) back += 1;
    if ((n + 1) % 1_000 === 0) console.error(`${world.name}: ${back} of ${n + 1} sent back`);
  }
  const requests = world.requests * world.shares.length;
  return { name: world.name, requests, releases, back };
}

function judge({ name, bad, version, harm }: (typeof versions)[number], rate: number): Judged {
  const fates = Array.from({ length: asked.canaries }, (_, n) =>
    fatesOf(version, harm, { seed: asked.seed + n, rate }),
  );
  console.error(`${name}, ${rate} requests/s: ${fates.length} canaries`);
  return { name, bad, fates };
}

async function intoTheDocs(report: Report): Promise<void> {
  const page = join(repository, "docs/analysis.md");
  await writeFile(page, intoDocs(await readFile(page, "utf8"), render(report)));
  await writeFile(join(repository, "docs/images/evidence.svg"), plot(asked.seed));
}

function askedOf(args: string[]) {
  const {
    releases = "10000",
    canaries = "100",
    seed = "1",
    json,
    docs,
    help,
  } = flagsOf(args, { options, usage });
  return {
    help,
    docs,
    releases: wholeNumber("releases", releases),
    canaries: wholeNumber("canaries", canaries),
    seed: wholeNumber("seed", seed),
    // Relative to the folder that `npm run` was called in.
    json: json === undefined ? undefined : resolve(process.env["INIT_CWD"] ?? ".", json),
  };
}
