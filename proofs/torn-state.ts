import { cp, readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom, startLoad } from "@hitless/load";
import { cutEverywhere, loseEveryWrite, storeCallsOfALife } from "@hitless/local/testing";
import { AppBed, repository } from "../test/bed/app-bed.ts";
import { killNamedController } from "../test/bed/controller-death.ts";
import { type LoadTally, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { OwnFolder } from "../test/bed/own-folder.ts";
import { tearFiles } from "../test/bed/torn-files.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 100;
const replicas = 2;
const version1 = join(repository, "packages/local/src/state/fixtures/version-1");

/** State files that are cut, missing or of another version. */
export const proof: Proof = {
  title:
    "every state file cut at every byte, every single write lost, and 50 restarts over torn files",
  seconds: 420,
  takes: [{ kind: "number", name: "RESTARTS", what: "how many over torn files; 50" }, seedArgument],
  async run(args): Promise<Finding> {
    const restarts = Number(args[0] ?? 50);
    const seed = Number(args[1] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- torn-state ${restarts} ${seed})`);
    const cut = await inFolderOf(version1, (dir) => cutEverywhere(dir));
    console.log(`${cut.cuts} cuts of ${cut.files} files of version 1, made this version`);
    const calls = await storeCallsOfALife();
    const lost = await inFolderOf(null, (dir) => loseEveryWrite(dir, calls));
    console.log(`${lost.writes} writes, each lost in ${lost.folders / lost.writes} folders`);
    const live = await restartsOverTornFiles(restarts, seededRandom(seed));
    const faults = [...cut.faults, ...lost.faults, ...live.faults];
    for (const fault of faults.slice(0, 40)) console.log(`FAULT ${fault}`);
    if (!live.tally.clean) console.log(live.tally.complaint);
    return {
      figure:
        `${cut.cuts} cuts of ${cut.files} files, ${lost.writes} writes lost one by one in ${lost.folders} folders, ` +
        `${restarts} restarts (${live.served} served as before, ${live.refused} refused by name), ` +
        `${live.tally.lost} of ${live.tally.sent} requests lost (control lost ${live.tally.controlLost}): ${faults.length} faults`,
      ok: faults.length === 0 && live.tally.clean && live.served > 0 && live.refused > 0,
    };
  },
};

async function inFolderOf<T>(
  state: string | null,
  work: (appDir: string) => Promise<T>,
): Promise<T> {
  await using folder = new OwnFolder("hitless-torn-");
  const dir = await realpath(folder.path);
  if (state !== null) await cp(state, join(dir, ".hitless"), { recursive: true });
  if (state !== null) await writeFile(join(dir, ".hitless/audit.jsonl"), "");
  return await work(dir);
}

interface Live {
  readonly served: number;
  readonly refused: number;
  readonly tally: LoadTally;
  readonly faults: readonly string[];
}

/** Files are cut while no controller runs and replicas and proxy serve; then `hitless up`. */
async function restartsOverTornFiles(count: number, random: () => number): Promise<Live> {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  const control = await naiveSwap(bed, { load: { rate } });
  await bed.must(0, "up", "--detach");
  await bed.must(0, "release", "--set", "config.GREETING=two", "--wait");
  await using load = startLoad({ url: bed.url, rate, firstPhase: "torn" });
  const before = await standOf(bed);
  await killNamedController(bed);
  const faults = [...(await newerRefused(bed))];
  let served = 0;
  for (let n = 1; n <= count; n += 1) {
    const torn = tearFiles(bed, random);
    const up = await bed.run("up", "--detach");
    const found =
      up.code === 0 ? await servedFaults(bed, before, torn) : refusedFaults(up, torn.names);
    if (up.code === 0) {
      served += 1;
      await killNamedController(bed);
    } else torn.restore();
    console.log(`restart ${n}: ${torn.names.join(", ")}: exit ${up.code}, ${found.length} faults`);
    faults.push(...found.map((fault) => `restart ${n} (${torn.names.join(", ")}): ${fault}`));
    await bed.everybody(replicas).catch((cause: unknown) => faults.push(String(cause)));
  }
  await bed.must(0, "up", "--detach");
  if ((await standOf(bed)) !== before) faults.push("at the end it is not as it was");
  const tally = tallyOf(await load.stop(), control);
  await bed.must(0, "down");
  return { served, refused: count - served, tally, faults };
}

/** Revision, replicas and their processes. */
async function standOf(bed: AppBed): Promise<string> {
  const { stable, release, replicas: all, desired } = await bed.status();
  const processes = all.map((r) => `${r.id}=${r.process}`).toSorted();
  return JSON.stringify([stable, release, desired.replicas, processes]);
}

async function servedFaults(
  bed: AppBed,
  before: string,
  torn: ReturnType<typeof tearFiles>,
): Promise<readonly string[]> {
  const after = await standOf(bed);
  const events = (await bed.must(0, "events")).stdout;
  const untold = torn.keptTwice && !torn.names.some((name) => events.includes(name));
  return [
    ...(after === before ? [] : [`it was ${before} and is ${after}`]),
    ...(untold ? ["nothing of it is in the events"] : []),
  ];
}

function refusedFaults(
  up: { readonly code: number | null; readonly stderr: string },
  names: readonly string[],
): readonly string[] {
  const named = names.some((name) => up.stderr.includes(`/.hitless/${name}`));
  const right = up.code === 1 && up.stderr.includes("error STATE_UNREADABLE: ") && named;
  return right ? [] : [`exit ${up.code}: ${up.stderr}`];
}

async function newerRefused(bed: AppBed): Promise<readonly string[]> {
  const path = join(bed.dir, ".hitless/app.json");
  const whole = await readFile(path, "utf8");
  await writeFile(path, whole.replace('"schema":2', '"schema":3'));
  const up = await bed.run("up", "--detach");
  await writeFile(path, whole);
  const says = "app.json was written by a newer Hitless (schema 3; this one reads up to 2)";
  const right = up.code === 1 && up.stderr.includes(says);
  return right ? [] : [`a newer app.json: exit ${up.code}: ${up.stderr}`];
}
