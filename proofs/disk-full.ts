import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startLoad } from "@hitless/load";
import { AppBed, type CommandResult, until } from "../test/bed/app-bed.ts";
import { killNamedController } from "../test/bed/controller-death.ts";
import { endWhenInterrupted } from "../test/bed/interruption.ts";
import { repeatable, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { OwnFolder } from "../test/bed/own-folder.ts";
import { processesOf, readyReplicas } from "../test/bed/ready-replicas.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 100;
const replicas = 3;
const diskMb = 16;
/** Says to the proof in its namespace where its disk is. */
const diskVariable = "HITLESS_PROOF_DISK";

/** The disk of the app and its state is full at several moments. */
export const proof: Proof = {
  title: "on a full disk the service serves, commands name the cause, and with space all goes on",
  seconds: 120,
  async run(): Promise<Finding> {
    const disk = process.env[diskVariable];
    return disk === undefined ? await inOwnNamespace() : await onDisk(disk);
  },
};

/** A small disk that nobody else sees, in a mount namespace of this proof's own. */
async function inOwnNamespace(): Promise<Finding> {
  await using disk = new OwnFolder("hitless-disk-");
  const flags = process.getuid?.() === 0 ? ["-m"] : ["-Urm"];
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const script = `mount -t tmpfs -o size=${diskMb}m tmpfs ${disk.path} && exec "$@"`;
  const child = spawn("unshare", [...flags, "sh", "-c", script, "sh", ...again], {
    env: { ...process.env, [diskVariable]: disk.path },
    stdio: ["inherit", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    process.stdout.write(chunk);
    said = `${said}${chunk}`.slice(-2000);
  });
  const closed = once(child, "close");
  // It ends what it has started by itself, whether or not the signal was meant for it too.
  const forget = endWhenInterrupted("the proof in its namespace", async () => {
    child.kill("SIGINT");
    await closed;
  });
  const [code] = await closed;
  forget();
  const figure = said.trimEnd().split("\n").at(-1);
  return { figure: `${figure}; on a tmpfs of ${diskMb} MB of its own`, ok: code === 0 };
}

async function onDisk(parent: string): Promise<Finding> {
  const faults: string[] = [];
  await using bed = await AppBed.make({
    app: "shop/1.0",
    // Slow enough to fill the disk in the middle of a release.
    settings: { replicas, config: { GREETING: "hello", START_DELAY_MS: "1000" } },
    parent,
  });
  const disk = new Disk(parent);
  const control = await naiveSwap(bed, { load: { rate, mix: repeatable } });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate, mix: repeatable, firstPhase: "full" });
  faults.push(...(await steady(bed, disk)));
  faults.push(...(await inARelease(bed, disk)));
  faults.push(...(await atTheStart(bed, disk)));
  const last = await bed.run("release", "--set", "config.GREETING=last", "--wait");
  if (last.code !== 0) faults.push(`the last release: exit ${last.code}: ${last.stderr}`);
  const tally = tallyOf(await load.stop(), control);
  for (const fault of faults) console.log(`FAULT ${fault}`);
  if (!tally.clean) console.log(tally.complaint);
  return {
    figure:
      `full ${disk.times} times, ${faults.length} faults; ` +
      `${tally.lost} of ${tally.sent} requests lost (control lost ${tally.controlLost})`,
    ok: faults.length === 0 && tally.clean,
  };
}

/** Nothing is under way: commands are refused, a replica that dies is taken out and later replaced. */
async function steady(bed: AppBed, disk: Disk): Promise<readonly string[]> {
  await disk.fill();
  const faults = [
    ...refusalFaults(await bed.run("release", "--set", "config.GREETING=full"), "release"),
    ...refusalFaults(await bed.run("scale", "2"), "scale"),
    ...refusalFaults(await bed.run("restart"), "restart"),
  ];
  const [victim] = (await bed.status()).replicas;
  process.kill(Number(victim?.process), "SIGKILL");
  await until(async () => (await readyReplicas(bed)) === replicas - 1, "the dead one is out");
  await bed.everybody(replicas - 1);
  await disk.empty();
  await until(async () => (await readyReplicas(bed)) === replicas, "it is replaced");
  const { stable, desired } = await bed.status();
  const same = stable === 1 && desired.replicas === replicas;
  return same ? faults : [...faults, `revision ${stable}, ${desired.replicas} replicas wanted`];
}

/** A release stands still while the disk is full, and then ends as it should. */
async function inARelease(bed: AppBed, disk: Disk): Promise<readonly string[]> {
  await bed.must(0, "release", "--set", "config.GREETING=two");
  await until(async () => (await bed.status()).release !== null, "it has begun", 5_000);
  await disk.fill();
  const refused = refusalFaults(await bed.run("abort"), "abort");
  const held = (await bed.status()).release;
  await disk.empty();
  const ended = async () => {
    const { release, stable } = await bed.status();
    return release === null && stable === 2;
  };
  await until(ended, "the release has ended", 60_000);
  await until(async () => (await readyReplicas(bed)) === replicas, "all of the new are ready");
  const outcome = (await bed.history()).at(-1)?.outcome;
  const stood = held === null ? ["the release had ended before the disk was full"] : [];
  const succeeded = outcome === "succeeded" ? [] : [`the release ${outcome}`];
  return [...refused, ...stood, ...succeeded];
}

/** `hitless up` is refused, what serves serves on, and is adopted when there is space. */
async function atTheStart(bed: AppBed, disk: Disk): Promise<readonly string[]> {
  const before = await processesOf(bed);
  await killNamedController(bed);
  await disk.fill();
  const refused = refusalFaults(await bed.run("up", "--detach"), "up");
  await bed.everybody(replicas);
  await disk.empty();
  await bed.must(0, "up", "--detach");
  const after = await processesOf(bed);
  return after === before ? refused : [...refused, `processes were ${before} and are ${after}`];
}

function refusalFaults({ code, stderr }: CommandResult, what: string): readonly string[] {
  const says = ["error DISK_FULL: no space left on the disk of ", "/.hitless", "Free space there"];
  const missing = says.filter((part) => !stderr.includes(part));
  return code === 6 && missing.length === 0
    ? []
    : [`${what}: exit ${code}, lacks ${missing.join(", ")}: ${stderr}`];
}

/** A disk that can be filled to its last byte, and emptied again. */
class Disk {
  times = 0;
  readonly #folder: string;

  constructor(disk: string) {
    this.#folder = join(disk, "filler");
  }

  async fill(): Promise<void> {
    await mkdir(this.#folder);
    this.times += 1;
    for (const bytes of [1 << 20, 1 << 12]) {
      for (let n = 0; (await statfs(this.#folder)).bfree > 0; n += 1) {
        const path = join(this.#folder, `${bytes}-${n}`);
        const full = await writeFile(path, Buffer.alloc(bytes)).then(
          () => false,
          () => true,
        );
        if (full) break;
      }
    }
  }

  async empty(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
