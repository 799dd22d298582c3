import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { medianOf } from "@hitless/load";
import { z } from "zod";
import type { InstalledApp } from "./installed-app.ts";
import type { NodeBinary } from "./nodes.ts";
import { runProgram } from "./run-program.ts";

/** What the package adds to a process, by medians. */
export interface ImportCost {
  readonly format: "import" | "require";
  /** Time of the processor over a process that imports nothing: other load does not count. */
  readonly cpuMs: number;
  /** The same by the clock, from the start of the process to its end. */
  readonly wallMs: number;
  /** Over one that imports `node:http`, as each service does, and an empty module, as each program does. */
  readonly residentMiB: number;
}

const kit = "@hitless/app";
const http = "node:http";
const nothing = "./nothing/index.js";
/** What each of the processes imports. */
const programs = { empty: [], kit: [kit], without: [http, nothing], having: [http, kit] };
const kinds = ["empty", "kit", "without", "having"] as const;
type Kind = (typeof kinds)[number];

const said = z.object({ rss: z.number(), user: z.number(), system: z.number() });

interface Sample {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rss: number;
}

const formats = {
  import: { ending: "mjs", line: (name: string) => `import "${name}";` },
  require: { ending: "cjs", line: (name: string) => `require("${name}");` },
} as const;

/** Fresh processes of each kind, in turns. */
export async function importCosts(
  app: InstalledApp,
  node: NodeBinary,
  rounds: number,
): Promise<readonly ImportCost[]> {
  await writeEmptyModule(app.folder);
  const costs: ImportCost[] = [];
  for (const format of ["import", "require"] as const) {
    await writePrograms(app.folder, format);
    const seen = { empty: samples(), kit: samples(), without: samples(), having: samples() };
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of kinds) {
        const command = [node.path, `cost-${kind}.${formats[format].ending}`];
        const { ms, stdout } = await runProgram(command, { cwd: app.folder });
        const { rss, user, system } = said.parse(JSON.parse(stdout));
        seen[kind].push({ wallMs: ms, cpuMs: (user + system) / 1000, rss });
      }
    }
    const median = (kind: Kind, key: keyof Sample) => medianOf(seen[kind].map((each) => each[key]));
    costs.push({
      format,
      cpuMs: median("kit", "cpuMs") - median("empty", "cpuMs"),
      wallMs: median("kit", "wallMs") - median("empty", "wallMs"),
      residentMiB: (median("having", "rss") - median("without", "rss")) / 2 ** 20,
    });
  }
  return costs;
}

async function writeEmptyModule(folder: string): Promise<void> {
  await mkdir(join(folder, "nothing"), { recursive: true });
  await writeFile(join(folder, "nothing/package.json"), "{}");
  await writeFile(join(folder, "nothing/index.js"), "");
}

async function writePrograms(folder: string, format: keyof typeof formats): Promise<void> {
  const { ending, line } = formats[format];
  for (const [kind, imports] of Object.entries(programs)) {
    const say =
      "process.stdout.write(JSON.stringify({ rss: process.memoryUsage.rss(), ...process.cpuUsage() }));";
    const text = [...imports.map(line), say].join("\n");
    await writeFile(join(folder, `cost-${kind}.${ending}`), text);
  }
}

function samples(): Sample[] {
  return [];
}
