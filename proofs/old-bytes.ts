import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ControlReport,
  type LoadReport,
  type LoadSession,
  type PhaseReport,
  renderReport,
  startLoad,
} from "@hitless/load";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { makeManyFiles, manyFilesPath } from "../test/bed/many-files.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import {
  faultsOfOldBytes,
  killOneReplica,
  makeGarbage,
  replicas,
} from "../test/bed/overwritten-app.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 300;
const files = 30_000;
const bytes = 300_000_000;
const promisedSeconds = 5;
/** On a machine that others use as well. */
const headroom = 3;
/** Phases in which a new revision may answer too: it was asked for, and has not gone back yet. */
const window = "new revision";

/** What a folder holds now does not matter to what serves. */
export const proof: Proof = {
  title: "the old bytes answer whatever happens to the folder; a large folder is captured quickly",
  seconds: 120,
  async run(): Promise<Finding> {
    const served = await overwriteEverything();
    const large = await releaseLargeFolder();
    for (const fault of [...served.faults, ...large.faults]) console.log(`FAULT ${fault}`);
    return {
      figure: `${served.figure}; ${large.figure}`,
      ok: served.faults.length === 0 && large.faults.length === 0,
    };
  },
};

interface Part {
  readonly figure: string;
  readonly faults: readonly string[];
}

async function overwriteEverything(): Promise<Part> {
  // Long enough that an abort surely finds the release under way.
  const settings = { replicas, progressDeadlineSeconds: 20, minReadySeconds: 2 };
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  const control = await naiveSwap(bed, { load: { rate } });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate, firstPhase: "steady" });
  const renewed = await overwriteAndKill(bed, load);
  const wentBack = await releaseAndGoBack(bed, load);
  await thereAndBack(bed, load);
  const report = await load.stop();
  console.log(renderReport(report));
  const outside = report.phases.filter(({ name }) => name !== window);
  const silent = renewed.filter((pid) => report.total.answersBy["1.0@1"]?.[pid] === undefined);
  const losses = lossesOf(report, control);
  return {
    figure: `${replicas} replicas, ${renewed.length} killed, ${wentBack.length} releases gone back, ${losses.figure}`,
    faults: [
      ...(await faultsOfOldBytes(bed, outside)),
      ...silent.map((pid) => `replacement ${pid} never answered with the old bytes`),
      ...wentBack.filter((fault) => fault !== ""),
      ...losses.faults,
    ],
  };
}

/** Returns the pids of the replacements: each started when the folder held something else. */
async function overwriteAndKill(bed: AppBed, load: LoadSession): Promise<readonly number[]> {
  await bed.use("shop/1.1");
  load.phase("killed over 1.1");
  const first = await killOneReplica(bed);
  await makeGarbage(bed);
  load.phase("killed over garbage");
  const second = await killOneReplica(bed);
  load.phase("steady");
  return [first, second];
}

/** A release of each overwritten folder goes back: by failure, then by abort. "" where it did. */
async function releaseAndGoBack(bed: AppBed, load: LoadSession): Promise<readonly string[]> {
  const failed = await bed.run("release", "--wait");
  load.phase("after the failure");
  await bed.use("shop/1.1");
  load.phase(window);
  await bed.must(0, "release");
  await until(async () => (await bed.ask()).version === "1.1", "the new revision answers");
  const aborted = await bed.run("abort", "--wait");
  load.phase("after the abort");
  return [
    failed.code === 3 ? "" : `the release of garbage ended with ${failed.code}: ${failed.stderr}`,
    aborted.code === 0 ? "" : `the abort ended with ${aborted.code}: ${aborted.stderr}`,
  ];
}

/** Forward to 1.1, and back to revision 1 by its number when nothing of it is in the folder. */
async function thereAndBack(bed: AppBed, load: LoadSession): Promise<void> {
  load.phase(window);
  await bed.must(0, "release", "--wait");
  await makeGarbage(bed);
  await bed.must(0, "rollback", "--to", "1", "--wait");
  load.phase("after the rollback");
  await killOneReplica(bed);
}

/** A killed replica takes its unanswered POSTs with it: an honest 502 each (DESIGN §11, row 2). */
function lossesOf(report: LoadReport, control: ControlReport): Part {
  const { kinds, lost, lostByCause, sent } = report.total;
  const repeatable = kinds.fresh.lost + kinds.keepalive.lost + kinds.slow.lost;
  const dishonest = lost - lostByCause["status-5xx"];
  const quiet = report.phases.filter(({ name }) => !withKills.includes(name));
  const unprovoked = quiet.reduce((sum, phase: PhaseReport) => sum + phase.lost, 0);
  const controlLost = control.load.total.lost;
  return {
    figure:
      `${sent} requests, ${repeatable} repeatable ones lost, ${kinds.post.lost} POSTs in flight on killed ` +
      `replicas got an honest 502 (control lost ${controlLost})`,
    faults: [
      ...(repeatable === 0 ? [] : [`${repeatable} requests that may be repeated were lost`]),
      ...(dishonest === 0 ? [] : [`${dishonest} were lost without an honest 502`]),
      ...(unprovoked === 0 ? [] : [`${unprovoked} were lost in phases without a kill`]),
      ...(controlLost > 0 ? [] : ["the control lost nothing: the instrument is blind"]),
    ],
  };
}

const withKills = ["killed over 1.1", "killed over garbage", "after the rollback"];

async function releaseLargeFolder(): Promise<Part> {
  const settings = { replicas: 1, progressDeadlineSeconds: 600 };
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  const data = join(bed.dir, "data");
  await makeManyFiles(data, { files, bytes });
  const up = await bed.must(0, "up", "--detach");
  console.log(`${files} files: first revision captured and served in ${up.seconds.toFixed(1)} s`);
  await writeFile(manyFilesPath(data, 12_345), "one file changed\n");
  const release = await bed.must(0, "release");
  console.log(`one changed: \`release\` returned after ${release.seconds.toFixed(2)} s`);
  await until(async () => (await bed.status()).stable === 2, "revision 2 serves", 300_000);
  const served = manyFilesPath(join(bed.dir, ".hitless/checkouts/2/data"), 12_345);
  const kept = manyFilesPath(join(bed.dir, ".hitless/checkouts/1/data"), 12_345);
  const changed = (await readFile(served, "utf8")) === "one file changed\n";
  const untouched = (await readFile(kept, "utf8")).startsWith("bytes of file 12345; ");
  const inTime = release.seconds < promisedSeconds * headroom;
  return {
    figure:
      `one of ${files} files (300 MB) changed: revision made in ${release.seconds.toFixed(1)} s ` +
      `(promised ${promisedSeconds} s, first capture ${up.seconds.toFixed(1)} s)`,
    faults: [
      ...(inTime ? [] : [`the revision took ${release.seconds.toFixed(1)} s`]),
      ...(changed ? [] : ["revision 2 does not hold the changed file"]),
      ...(untouched ? [] : ["revision 1 does not hold the old file"]),
    ],
  };
}
