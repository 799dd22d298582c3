import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { seededRandom, startLoad } from "@hitless/load";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { BootedMachine } from "../test/bed/booted-machine.ts";
import {
  namedController,
  persistedApp,
  persistedReleases,
  type SavedApp,
} from "../test/bed/controller-death.ts";
import { lengthOfRelease } from "../test/bed/controller-killer.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { faultsOf } from "../test/bed/stands-on.ts";
import { Stranger } from "../test/bed/stranger.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const replicas = 3;
/** So that a release takes long enough to be met in its middle. */
const minReadySeconds = 2;
const load = { rate: 150 };
/** What the app is doing when the machine goes down. */
const moments = ["steady", "forward", "forward", "forward", "back", "back"] as const;
/** As many at least have to meet a release on disk. */
const leastMet = 3;
type Moment = (typeof moments)[number];

/** The machine goes down with everything on it, and comes up again: another boot, no processes. */
export const proof: Proof = {
  title: `${moments.length} reboots, most in the middle of a release: \`up\` brings everything back as it was`,
  seconds: 200,
  takes: [seedArgument],
  async run(args): Promise<Finding> {
    const seed = Number(args[0] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- reboot ${seed})`);
    const random = seededRandom(seed);
    // Ended after the bed, which ends what runs on it.
    await using machine = await BootedMachine.make();
    await using bed = await AppBed.make({
      app: "shop/1.0",
      settings: { replicas, minReadySeconds },
    });
    bed.machine = machine;
    const control = await naiveSwap(bed, { load });
    await bed.must(0, "up", "--detach");
    const wholeMs = await lengthOfRelease(bed);
    const faults: string[] = [];
    let met = 0;
    for (const moment of moments) {
      const atMs = Math.round(random() * 0.7 * wholeMs);
      const found = await reboot(bed, { moment, atMs, machine });
      faults.push(...found.faults);
      if (found.met) met += 1;
    }
    // It has not only come back: it goes on releasing.
    await using session = startLoad({ ...load, url: bed.url });
    await bed.must(0, "release", "--wait", "--set", "config.GREETING=after");
    const tally = tallyOf(await session.stop(), control);
    await bed.must(0, "down");
    for (const { pid, command } of await bed.leftOver()) faults.push(`left: ${pid} ${command}`);
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    return {
      figure:
        `${moments.length} reboots (${met} in a release), each with strangers under recorded process ids; then a release: ` +
        `${tally.sent} requests, ${tally.lost} lost (control lost ${tally.controlLost}): ${faults.length} faults`,
      ok: tally.clean && faults.length === 0 && met >= leastMet,
    };
  },
};

interface Reboot {
  readonly moment: Moment;
  readonly atMs: number;
  readonly machine: BootedMachine;
}

async function reboot(
  bed: AppBed,
  { moment, atMs, machine }: Reboot,
): Promise<{ readonly faults: readonly string[]; readonly met: boolean }> {
  const { stable } = await bed.status();
  if (moment !== "steady") await beginRelease(bed, moment, atMs);
  await endEverything(bed);
  const saved = await persistedApp(bed);
  // A reboot empties the folder of the sockets, and gives old process ids to others.
  await rm(join(bed.dir, "../run"), { recursive: true });
  await using replica = await Stranger.start();
  await using controller = await Stranger.start();
  await giveProcessIdsTo(bed, { replica, controller });
  await machine.boot();
  const up = await bed.run("up", "--detach");
  const faults = [
    ...(up.code === 0 ? [] : [`up ended with ${up.code}: ${up.stderr}`]),
    ...(await standsAs(bed, saved)),
    ...(moment === "steady" ? await stillServes(bed, stable) : []),
    ...[replica, controller]
      .filter(({ signals }) => signals.length > 0)
      .map(({ pid, signals }) => `stranger ${pid} was sent ${signals}`),
  ];
  const release = saved?.release ?? null;
  const stood = release === null ? "none" : `${release.id} ${release.direction}`;
  const line = `${moment}, ${atMs} ms (release on disk: ${stood})`;
  console.log(`${line}: up in ${up.seconds.toFixed(1)} s, ${faults.length} faults`);
  return { faults: faults.map((fault) => `${line}: ${fault}`), met: release !== null };
}

/** The release that was on disk has ended as it should, and what serves is what it says. */
async function standsAs(bed: AppBed, saved: SavedApp | null): Promise<readonly string[]> {
  const release = saved?.release ?? null;
  const status = await bed.status();
  const row = (await bed.history()).at(-1);
  const wanted = release?.direction === "back" ? "aborted" : "succeeded";
  const ended = release === null || (row?.id === release.id && row.outcome === wanted);
  const revision = release?.direction === "forward" ? release.to : (saved?.stable ?? 0);
  const answers = await bed.everybody(replicas);
  const config = { GREETING: answers[0]?.config["GREETING"] ?? "" };
  const to = release?.direction === "back" ? (release.from ?? 0) : revision;
  return [
    ...(ended ? [] : [`release ${release.id} ended as ${row?.id} ${row?.outcome}`]),
    ...(row?.id === saved?.releases ? [] : [`release ${row?.id} is the last one in history`]),
    ...(await faultsOf(bed, status, { revision: to, version: "1.0", config, replicas })),
  ];
}

async function stillServes(bed: AppBed, stable: number | null): Promise<readonly string[]> {
  const now = (await bed.status()).stable;
  return now === stable ? [] : [`stable is ${now}, not ${stable}`];
}

async function beginRelease(bed: AppBed, moment: Moment, atMs: number): Promise<void> {
  const before = await persistedReleases(bed);
  const release = bed.start("release", "--set", `config.GREETING=release ${before + 1}`);
  await until(async () => (await persistedReleases(bed)) > before, "the intent is on disk");
  // The machine may go down before it is answered.
  void release.done;
  if (moment === "back") {
    await bed.must(0, "abort");
    return after(Math.min(atMs / 10, 100));
  }
  await after(atMs);
}

/** All at once, as a machine does; what was started in that moment too. */
async function endEverything(bed: AppBed): Promise<void> {
  await until(async () => {
    const left = await bed.leftOver();
    for (const { pid } of left) kill(pid);
    return left.length === 0;
  }, "nothing of the app runs");
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

async function recordedReplicas(bed: AppBed): Promise<readonly number[]> {
  const text = await readFile(join(bed.dir, ".hitless", "engine.json"), "utf8");
  return [...text.matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid));
}

interface Strangers {
  readonly replica: Stranger;
  readonly controller: Stranger;
}

async function giveProcessIdsTo(bed: AppBed, strangers: Strangers): Promise<void> {
  const [replica] = await recordedReplicas(bed);
  if (replica === undefined) throw new Error("no replica is on disk");
  const controller = await namedController(bed);
  if (controller === null) throw new Error("no controller is on disk");
  await rename(bed, replica, strangers.replica);
  await rename(bed, controller, strangers.controller);
}

/** Puts a stranger where the state folder has a process of ours; all but the boot id is right. */
async function rename(bed: AppBed, pid: number, { pid: stranger }: Stranger): Promise<void> {
  const stat = await readFile(`/proc/${stranger}/stat`, "utf8");
  const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  const folder = join(bed.dir, ".hitless");
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.includes(".json")) continue;
    const path = join(folder, entry.name);
    const text = await readFile(path, "utf8");
    const identity = new RegExp(`"pid":${pid},"startTime":"[^"]*"`, "g");
    const renamed = text.replace(identity, `"pid":${stranger},"startTime":"${startTime}"`);
    if (renamed !== text) await writeFile(path, renamed);
  }
}
