import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { startLoad } from "@hitless/load";
import { AppBed, type CommandResult, until } from "../test/bed/app-bed.ts";
import { killNamedController } from "../test/bed/controller-death.ts";
import { repeatable, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { processesOf, readyReplicas } from "../test/bed/ready-replicas.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 100;
const replicas = 2;
/** Permissions do not bind root: then the product runs as nobody. */
const nobody = 65_534;

/** State that its owner may not read or write. */
export const proof: Proof = {
  title: "state that may not be read or written is refused with path, owner, mode and the way out",
  seconds: 90,
  async run(): Promise<Finding> {
    const root = process.getuid?.() === 0;
    const user = root ? nobody : (process.getuid?.() ?? -1);
    await using bed = await AppBed.make({
      app: "shop/1.0",
      settings: { replicas },
      ...(root ? { user } : {}),
    });
    const control = await naiveSwap(bed, { load: { rate, mix: repeatable } });
    await bed.must(0, "up", "--detach");
    await using load = startLoad({ url: bed.url, rate, mix: repeatable, firstPhase: "denied" });
    const found = [...(await whileItRuns(bed, user)), ...(await atTheStart(bed, user))];
    const tally = tallyOf(await load.stop(), control);
    const faults = found.flat();
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    return {
      figure:
        `${found.length} refusals as user ${user}, ${faults.length} faults; ` +
        `${tally.lost} of ${tally.sent} requests lost (control lost ${tally.controlLost})`,
      ok: faults.length === 0 && tally.clean,
    };
  },
};

type Faults = readonly string[];

/** The folder takes no writes while the controller runs; a replica dies meanwhile. */
async function whileItRuns(bed: AppBed, user: number): Promise<readonly Faults[]> {
  const root = join(bed.dir, ".hitless");
  await chmod(root, 0o500);
  const says = { path: root, mode: "", user };
  const faults = [refusalFaults(await bed.run("scale", "3"), says)];
  const [victim] = (await bed.status()).replicas;
  process.kill(Number(victim?.process), "SIGKILL");
  await until(async () => (await readyReplicas(bed)) === replicas - 1, "the dead one is out");
  await chmod(root, 0o711);
  await until(async () => (await readyReplicas(bed)) === replicas, "it is replaced");
  await bed.must(0, "scale", "3");
  await until(async () => (await readyReplicas(bed)) === 3, "it is scaled");
  return faults;
}

async function atTheStart(bed: AppBed, user: number): Promise<readonly Faults[]> {
  const root = join(bed.dir, ".hitless");
  const before = await processesOf(bed);
  await killNamedController(bed);
  const faults: Faults[] = [];
  const denied: readonly (readonly [string, number])[] = [
    ["app.json", 0o600],
    ["engine.json", 0o600],
    ["history.jsonl", 0o600],
    ["revisions", 0o700],
    ["revisions/1.json", 0o600],
    ["", 0o711],
  ];
  for (const [name, mode] of denied) {
    const path = join(root, name);
    await chmod(path, 0);
    const up = await bed.run("up", "--detach");
    await chmod(path, mode);
    faults.push(refusalFaults(up, { path, mode: name === "revisions" ? "" : "0000", user }));
    await bed.everybody(3);
  }
  await bed.must(0, "up", "--detach");
  const same = (await processesOf(bed)) === before;
  return same ? faults : [...faults, ["other processes serve than before"]];
}

function refusalFaults(
  { code, stderr }: CommandResult,
  says: { readonly path: string; readonly mode: string; readonly user: number },
): Faults {
  const parts = [`user id ${says.user} may not`, says.path, `mode ${says.mode}`, "chown", "chmod"];
  const missing = parts.filter((part) => !stderr.includes(part));
  const right = code === 6 && stderr.includes("error NO_PERMISSION: ") && missing.length === 0;
  return right ? [] : [`${says.path}: exit ${code}, lacks ${missing.join(", ")}: ${stderr}`];
}
