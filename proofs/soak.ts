import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ControllerClient } from "@hitless/controller";
import { startLoad } from "@hitless/load";
import { parse } from "yaml";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { type Footprint, footprintOf, parts } from "../test/bed/footprint.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { notedSockets } from "../test/bed/noted-sockets.ts";
import type { Finding, Proof } from "./proof.ts";

const replicas = 2;
const keepRevisions = 5;
const samples = 40;
/** Memory may still settle by so much between the second quarter and the last one. */
const flat = 1.1;
/** Descriptors and files may differ by what happens to be open at the moment of a sample. */
const slack = 4;
const load = { rate: 50, expect: "any" } as const;

/** Release after release: nothing may pile up. */
export const proof: Proof = {
  title: "1,000 releases in a row: memory, descriptors, disk and processes stay flat",
  seconds: 900,
  takes: [{ kind: "number", name: "RELEASES", what: "how many in a row; 1000", least: 1 }],
  async run(args): Promise<Finding> {
    const releases = Number(args[0] ?? 1000);
    await using bed = await AppBed.make({
      app: "../test/bed/apps/quick",
      settings: { replicas, keepRevisions },
    });
    const control = await naiveSwap(bed, { load });
    await bed.must(0, "up", "--detach");
    await using session = startLoad({ ...load, url: bed.url });
    const began = performance.now();
    const seen = await releaseOverAndOver(bed, releases);
    const minutes = (performance.now() - began) / 60_000;
    const tally = tallyOf(await session.stop(), control);
    if (!tally.clean) console.log(tally.complaint);
    const faults = [...growthOf(seen), ...(await retentionOf(bed, releases))];
    for (const fault of faults) console.log(`FAULT ${fault}`);
    return {
      figure:
        `${releases} releases in ${minutes.toFixed(1)} min, ${tally.lost} of ${tally.sent} requests lost ` +
        `(control lost ${tally.controlLost}); ${lineOf(seen)}: ${faults.length} faults`,
      ok: faults.length === 0 && tally.clean && minutes < 20,
    };
  },
};

async function releaseOverAndOver(bed: AppBed, releases: number): Promise<readonly Footprint[]> {
  const client = new ControllerClient((await notedSockets(bed)).control);
  const every = Math.max(1, Math.round(releases / samples));
  const seen: Footprint[] = [];
  const began = performance.now();
  try {
    for (let n = 1; n <= releases; n += 1) {
      await releaseOnce(bed, client, n);
      if (n % every !== 0) continue;
      seen.push(await sample(bed, n));
      const left = ((performance.now() - began) / n) * (releases - n);
      console.log(`${n}/${releases}: ${show(seen.at(-1))}, ${(left / 60_000).toFixed(1)} min left`);
    }
  } finally {
    await client.close();
  }
  return seen;
}

/** What `hitless release --set config.SOAK=n --wait` asks for, without starting a process each time. */
async function releaseOnce(bed: AppBed, client: ControllerClient, n: number): Promise<void> {
  const appFile = join(bed.dir, "hitless.yaml");
  const known: object = parse(await readFile(appFile, "utf8"));
  const accepted = await client.release({
    raw: { ...known, config: { SOAK: String(n) } },
    appDir: bed.dir,
    appFile,
    overrides: {},
    overridesBefore: {},
    cause: `soak ${n}`,
    by: "soak",
    busy: "reject",
  });
  for (let status = await client.status(); ; status = await client.status(status.version)) {
    const { release, lastRelease } = status;
    if (release?.id === accepted.release || lastRelease === null) continue;
    if (lastRelease.id === accepted.release && lastRelease.outcome === "succeeded") return;
    throw new Error(`release ${accepted.release} ended as ${JSON.stringify(lastRelease)}`);
  }
}

/** At rest: nothing of the last release is on its way out any more. */
async function sample(bed: AppBed, n: number): Promise<Footprint> {
  await until(async () => {
    const { replicas: there, why } = await bed.status();
    return there.length === replicas && why.kind === "steady";
  }, `release ${n} has left ${replicas} replicas`);
  for (const { config } of await bed.everybody(replicas)) {
    if (config["SOAK"] !== String(n)) throw new Error(`says ${config["SOAK"]} after release ${n}`);
  }
  return footprintOf(bed);
}

/** What is more at the end than it was once everything was warm. */
function growthOf(seen: readonly Footprint[]): readonly string[] {
  const quarter = Math.floor(seen.length / 4);
  const [early, late] = [seen.slice(quarter, 2 * quarter), seen.slice(-quarter)];
  const grew = (what: string, of: (f: Footprint) => number, most: (n: number) => number) => {
    const [before, after] = [mean(early.map(of)), mean(late.map(of))];
    return after <= most(before)
      ? []
      : [`${what} grew from ${before.toFixed(1)} to ${after.toFixed(1)}`];
  };
  const slightly = (n: number) => n * flat;
  const hardly = (n: number) => n + slack;
  return [
    ...parts.flatMap((part) => [
      ...grew(`memory of ${part}, MiB`, (f) => f.memory[part], slightly),
      ...grew(`descriptors of ${part}`, (f) => f.descriptors[part], hardly),
    ]),
    ...grew(
      "processes",
      (f) => f.processes,
      (n) => n,
    ),
    ...grew("bytes on disk", (f) => f.bytes, slightly),
    ...grew("files", (f) => f.files, hardly),
  ];
}

async function retentionOf(bed: AppBed, releases: number): Promise<readonly string[]> {
  const rows = (await bed.history()).length;
  const status = await bed.status();
  return [
    ...(rows === releases + 1 ? [] : [`${rows} rows of history after ${releases} releases`]),
    ...(status.stable === releases + 1 ? [] : [`stable is ${status.stable}`]),
  ];
}

function lineOf(seen: readonly Footprint[]): string {
  return `after the first sample ${show(seen[0])}, after the last ${show(seen.at(-1))}`;
}

function show(footprint: Footprint | undefined): string {
  if (footprint === undefined) return "nothing measured";
  const { memory, descriptors, processes, bytes, files, logBytes } = footprint;
  const of = (all: Footprint["memory"]) => parts.map((part) => Math.round(all[part])).join("+");
  return (
    `${of(memory)} MiB, ${of(descriptors)} descriptors, ${processes} processes, ` +
    `${(bytes / 1e6).toFixed(1)} MB in ${files} files, logs ${(logBytes / 1e6).toFixed(2)} MB`
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
