import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AppBed } from "./app-bed.ts";

/** What an app's own processes and its state folder take. */
export interface Footprint {
  /** Resident memory of controller, holder and workers, MiB; replicas excepted. */
  readonly memory: Readonly<Record<Part, number>>;
  /** Open descriptors of each. */
  readonly descriptors: Readonly<Record<Part, number>>;
  /** Processes of the app, replicas and everything else included. */
  readonly processes: number;
  /** Bytes and files below `.hitless/`, the append-only logs of the app excepted. */
  readonly bytes: number;
  readonly files: number;
  /** Bytes of the append-only logs: history, events, audit. */
  readonly logBytes: number;
}

/** A process of Hitless's own. */
export type Part = (typeof parts)[number];
export const parts = ["controller", "holder", "workers"] as const;

/** Reads the footprint of a bed whose app is at rest. */
export async function footprintOf(bed: AppBed): Promise<Footprint> {
  const { controller, engine } = await bed.status();
  const { holderPid, workers } = proxyOf(engine);
  const pids = {
    controller: [controller.pid],
    holder: [holderPid],
    workers: workers.map((w) => w.pid),
  };
  const each = async (measure: (pid: number) => Promise<number>) => ({
    controller: await sumOver(pids.controller, measure),
    holder: await sumOver(pids.holder, measure),
    workers: await sumOver(pids.workers, measure),
  });
  const tree = await sizesBelow(join(bed.dir, ".hitless"));
  const isLog = ({ path }: { readonly path: string }) => /\.jsonl(\.\d+)?$/.test(path);
  const bytesOf = (files: readonly { readonly size: number }[]) =>
    files.reduce((sum, { size }) => sum + size, 0);
  const rest = tree.filter((file) => !isLog(file));
  return {
    memory: await each(residentMiB),
    descriptors: await each(descriptorsOf),
    processes: (await bed.leftOver()).length,
    bytes: bytesOf(rest),
    files: rest.length,
    logBytes: bytesOf(tree.filter(isLog)),
  };
}

function proxyOf(engine: unknown): {
  readonly holderPid: number;
  readonly workers: readonly { readonly pid: number }[];
} {
  // The proof reads what `status --json` prints; a wrong shape fails at its first use.
  return (engine as { proxy: ReturnType<typeof proxyOf> }).proxy;
}

async function sumOver(
  pids: readonly number[],
  measure: (pid: number) => Promise<number>,
): Promise<number> {
  const values = await Promise.all(pids.map(measure));
  return values.reduce((sum, value) => sum + value, 0);
}

/** Resident memory of a process, MiB; NaN when there is none. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** How many descriptors a process has open. */
export async function descriptorsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

async function sizesBelow(root: string) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      // A temporary file may go between the listing and the look.
      const size = await stat(path)
        .then(({ size }) => size)
        .catch(() => 0);
      return { path, size };
    }),
  );
}
