// `npm run bench:kit`: a bare node:http server beside the same one with the kit.
// Exit code 0: all that is asked was met. 1: not, or a request failed. 2: not its flags, or wrk is missing.
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { repository } from "../../test/bed/app-bed.ts";
import { isInPath } from "../../test/bed/in-path.ts";
import { handleInterruptions } from "../../test/bed/interruption.ts";
import { OwnFolder } from "../../test/bed/own-folder.ts";
import { flagsOf, refuse, wholeNumber } from "../flags.ts";
import { intoDocs } from "../markdown.ts";
import { startRival } from "../proxy/contender.ts";
import { measure } from "../proxy/measure.ts";
import { shapes } from "../proxy/shapes.ts";
import { footprintOf } from "./footprint.ts";
import { isMet, type Report, render } from "./report.ts";

const usage = `npm run bench:kit -- [--seconds N] [--rounds N] [--foreign N] [--processes N] [--json FILE] [--docs]
  --seconds    of one sample; 3
  --rounds     how many samples of each; 12
  --foreign    a sample counts only while other processes use less, in cores; 0.2
  --processes  with and without the kit, for import time and memory; 21
  --json       where to write what was measured
  --docs       put the tables into docs/app.md`;

const options = {
  seconds: { type: "string", default: "3" },
  rounds: { type: "string", default: "12" },
  foreign: { type: "string", default: "0.2" },
  processes: { type: "string", default: "21" },
  json: { type: "string" },
  docs: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const docsPage = join(repository, "docs/app.md");
const app = fileURLToPath(new URL("apps/server.mjs", import.meta.url));
const kinds = { bare: "node:http", kit: "kit", checks: "kit, 3 checks", metrics: "kit, metrics" };
const measuredShapes = ["small", "post", "fresh"];

const asked = flagsOf(process.argv.slice(2), { options, usage });
handleInterruptions((line) => console.error(line));
if (asked.help) console.log(usage);
else process.exitCode = await run();

async function run(): Promise<number> {
  if (!isInPath("wrk")) return refuse("The benchmark needs wrk: apt-get install wrk");
  const report = await bench();
  if (asked.json !== undefined) {
    await writeFile(resolve(asked.json), `${JSON.stringify(report, null, 1)}\n`);
  }
  const text = render(report);
  if (asked.docs) await writeFile(docsPage, intoDocs(await readFile(docsPage, "utf8"), text));
  console.log(text);
  return isMet(report) ? 0 : 1;
}

async function bench(): Promise<Report> {
  const footprint = await footprintOf(wholeNumber("processes", asked.processes));
  await using folder = new OwnFolder("hitless-bench-kit-");
  const contenders = await Promise.all(
    Object.entries(kinds).map(([kind, name]) =>
      startRival(
        {
          name,
          missing: null,
          prepare: async ({ port }) => [process.execPath, app, kind, `${port}`],
        },
        { folder: folder.path, upstreamPort: 0 },
      ),
    ),
  );
  const { measured, discarded } = await measure(
    { contenders, upstreamPids: [] },
    {
      shapes: shapes.filter(({ name }) => measuredShapes.includes(name)),
      rounds: wholeNumber("rounds", asked.rounds),
      seconds: wholeNumber("seconds", asked.seconds),
      foreign: Number(asked.foreign),
      tell: (line) => console.error(line),
    },
  );
  return { measured, discarded, footprint, node: process.versions.node };
}
