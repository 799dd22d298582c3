import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PhaseReport } from "@hitless/load";
import { type AppBed, isRunning, until } from "./app-bed.ts";
import { faultsOf } from "./stands-on.ts";

export const replicas = 4;

/** Overwrites the app's program in place with what no Node could run. */
export async function makeGarbage(bed: AppBed): Promise<void> {
  await writeFile(join(bed.dir, "server.mjs"), "\u0000 this {{ is no program\n".repeat(500));
  await rm(join(bed.dir, "VERSION"), { force: true });
}

/** Kills one serving replica; resolves with the pid of what replaced it, once all are ready. */
export async function killOneReplica(bed: AppBed): Promise<number> {
  const before = (await bed.status()).replicas.map((replica) => Number(replica.process));
  const [victim = -1] = before;
  process.kill(victim, "SIGKILL");
  await until(() => !isRunning(victim), `replica ${victim} is gone`);
  let added = -1;
  await until(async () => {
    const ready = (await bed.status()).replicas.filter((replica) => replica.state === "ready");
    const pids = ready.map((replica) => Number(replica.process));
    added = pids.find((pid) => !before.includes(pid)) ?? -1;
    return pids.length === before.length && added !== -1;
  }, `another replica serves in place of ${victim}`);
  return added;
}

/** Faults when anybody but the first revision answers now, or answered during these phases. */
export async function faultsOfOldBytes(
  bed: AppBed,
  phases: readonly PhaseReport[],
): Promise<readonly string[]> {
  const stand = { revision: 1, version: "1.0", config: {}, replicas };
  const others = phases.flatMap(({ name, answersBy }) =>
    Object.keys(answersBy)
      .filter((who) => who !== "1.0@1")
      .map((who) => `${who} answered in the phase "${name}"`),
  );
  return [...(await faultsOf(bed, await bed.status(), stand)), ...others];
}
