import { runSuite, type SuiteRun, writeKits } from "../test/bed/anywhere/conformance.ts";
import { type ImportCost, importCosts } from "../test/bed/anywhere/import-cost.ts";
import { importFaults } from "../test/bed/anywhere/imports.ts";
import {
  foreignParts,
  type InstalledApp,
  installApp,
  placeProgram,
} from "../test/bed/anywhere/installed-app.ts";
import { type NodeBinary, nodeBinaries, nodeVersions } from "../test/bed/anywhere/nodes.ts";
import { publishedFaults } from "../test/bed/anywhere/published-faults.ts";
import { rightSmoke, type Smoke, smoke } from "../test/bed/anywhere/smoke.ts";
import { typedConsumers, typeFaults } from "../test/bed/anywhere/typed-consumer.ts";
import { OwnFolder } from "../test/bed/own-folder.ts";
import type { Finding, Proof } from "./proof.ts";

const asked = { importMs: 30, residentMiB: 2, bytes: 2_000_000 };
const processes = 21;

/** The packed package alone, as somebody gets it who has nothing else of ours. */
export const proof: Proof = {
  title: `the tarball of @hitless/app alone in an empty folder works on Node ${nodeVersions.join(", ")}, by import and require`,
  seconds: 180,
  takes: [
    {
      kind: "number",
      name: "PROCESSES",
      what: `that import time and memory are medians of; ${processes}`,
      least: 1,
    },
  ],
  async run(args): Promise<Finding> {
    const nodes = await nodeBinaries((line) => console.log(line));
    await using own = new OwnFolder("hitless-anywhere-");
    const app = await installApp(own);
    console.log(`${app.specifiers.length} parts: ${app.specifiers.join(", ")}`);
    const faults = [
      ...(await foreignParts(app)),
      ...(await publishedFaults(app)),
      ...(await typeFaults(app)),
      ...(await smokeFaults(app, nodes)),
    ];
    if (app.bytes > asked.bytes) faults.push(`it takes ${app.bytes} bytes`);
    const suites = await suitesOn(app, nodes);
    faults.push(...suites.faults);
    const costs: string[] = [];
    for (const node of nodes) {
      const found = [...(await importFaults(app, node))];
      const costsHere = await importCosts(app, node, Number(args[0] ?? processes));
      found.push(...costsHere.filter(isTooMuch).map(costIn));
      faults.push(...found.map((fault) => `Node ${node.version}: ${fault}`));
      costs.push(`Node ${node.version}: ${costsHere.map(costIn).join(", ")}`);
    }
    for (const fault of faults) console.log(`FAULT ${fault}`);
    return {
      figure:
        `${app.specifiers.length} parts × import and require × ${nodes.length} Nodes: ${suites.figure}; ` +
        `${typedConsumers} TypeScript consumers, attw and publint clean, no dependency, ` +
        `${Math.round(app.bytes / 1000)} kB unpacked; ${costs.join("; ")}`,
      ok: faults.length === 0,
    };
  },
};

/** The conformance suite of the kit, on what was installed. */
async function suitesOn(
  app: InstalledApp,
  nodes: readonly NodeBinary[],
): Promise<{ readonly figure: string; readonly faults: readonly string[] }> {
  const runs: { readonly name: string; readonly seen: SuiteRun }[] = [];
  for (const kit of await writeKits(app)) {
    for (const node of nodes) {
      const seen = await runSuite(node, kit);
      runs.push({ name: `Node ${node.version}, ${kit}`, seen });
    }
  }
  const faults = runs.flatMap(({ name, seen }) => seen.faults.map((fault) => `${name}: ${fault}`));
  const passed = runs.map(({ seen }) => seen.passed).join(", ");
  return { figure: `conformance passed ${passed}, failed ${faults.length}`, faults };
}

/** Each Node and format, and the same service without the kit, which must lose what is under way. */
async function smokeFaults(
  app: InstalledApp,
  nodes: readonly NodeBinary[],
): Promise<readonly string[]> {
  const programs = await placeProgram(app, "smoke");
  await placeProgram(app, "both");
  const found = await Promise.all(
    nodes.flatMap((node) =>
      programs.map(async (program) => ({ node, program, seen: await smoke(node, program) })),
    ),
  );
  const bare = await Promise.all(
    nodes.map((node) => smoke(node, programs[0] ?? "", { BARE: "1" })),
  );
  return [
    ...found.flatMap(({ node, program, seen }) =>
      differencesOf(seen).map((each) => `Node ${node.version}, ${program}: ${each}`),
    ),
    ...bare
      .filter(({ slow }) => slow.startsWith("200"))
      .map(() => "without the kit nothing was lost"),
  ];
}

function differencesOf(seen: Smoke): readonly string[] {
  const right = new Map(Object.entries(rightSmoke));
  return Object.entries(seen)
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(right.get(key)))
    .map(
      ([key, value]) => `${key} is ${JSON.stringify(value)}, not ${JSON.stringify(right.get(key))}`,
    );
}

function isTooMuch({ cpuMs, residentMiB }: ImportCost): boolean {
  return cpuMs >= asked.importMs || residentMiB > asked.residentMiB;
}

function costIn({ format, cpuMs, wallMs, residentMiB }: ImportCost): string {
  return `${format} ${cpuMs.toFixed(1)} ms (${wallMs.toFixed(1)} by the clock) ${residentMiB.toFixed(2)} MiB`;
}
