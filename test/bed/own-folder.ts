import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { endWhenInterrupted, refuseWhenInterrupted } from "./interruption.ts";

/** A process that has to do with a folder. */
export interface OwnProcess {
  readonly pid: number;
  readonly command: string;
}

export interface OwnFolderOptions {
  /** Where it is made; by default the system's temporary folder. */
  readonly parent?: string;
  /** What an interruption does first, while the folder and its processes are still there. */
  readonly first?: () => Promise<unknown>;
}

const endsWithinMs = 10_000;

/** A temporary folder that goes with all processes of it, also when the program is interrupted. */
export class OwnFolder implements AsyncDisposable {
  readonly path: string;
  private readonly forget: () => void;

  constructor(prefix: string, options: OwnFolderOptions = {}) {
    refuseWhenInterrupted();
    this.path = mkdtempSync(join(options.parent ?? tmpdir(), prefix));
    // Some tests become another user, who has to get to what is below.
    chmodSync(this.path, 0o711);
    this.forget = endWhenInterrupted(`${this.path} and its processes`, async () => {
      await options.first?.();
      await this.remove();
    });
  }

  /**
   * Environment of programs whose temporary files, and processes with theirs, are to go with the
   * folder: wherever those run, their environment names it.
   */
  get env(): Readonly<Record<string, string>> {
    return { TMPDIR: this.path, XDG_RUNTIME_DIR: "" };
  }

  /** Kills its processes and removes it. */
  async remove(): Promise<void> {
    await endProcessesOf(this.path);
    await rm(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    this.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}

/** Processes that run in a folder, write into it or name it. */
export function processesOf(folder: string): Promise<readonly OwnProcess[]> {
  return processesWhere((pid) => isIn(pid, folder));
}

/** Those and all whose environment names the folder; resolves when two looks in a row find none. */
async function endProcessesOf(folder: string): Promise<void> {
  const deadline = performance.now() + endsWithinMs;
  for (let clear = 0; clear < 2; clear += 1) {
    const found = await processesWhere(
      async (pid) => (await isIn(pid, folder)) || (await environmentNames(pid, folder)),
    );
    if (found.length > 0) clear = -1;
    for (const { pid } of found) killIfThere(pid);
    if (performance.now() > deadline) {
      throw new Error(`do not end: ${found.map((p) => `${p.pid} ${p.command}`).join("; ")}`);
    }
    await after(20);
  }
}

/** What `/proc` says of a process behind its name, its state first; empty when there is none. */
export function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2);
  } catch {
    return "";
  }
}

async function processesWhere(
  belongs: (pid: number) => Promise<boolean>,
): Promise<readonly OwnProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const others = pids.filter((pid) => pid !== process.pid && !stateOf(pid).startsWith("Z"));
  const found = await Promise.all(
    others.map(async (pid) =>
      (await belongs(pid)) ? { pid, command: await commandOf(pid) } : null,
    ),
  );
  return found.filter((each) => each !== null);
}

async function isIn(pid: number, folder: string): Promise<boolean> {
  const links = ["cwd", "fd/1", "fd/2"].map((name) =>
    readlink(`/proc/${pid}/${name}`).catch(() => ""),
  );
  const targets = await Promise.all(links);
  const inside = targets.some((target) => `${target}/`.startsWith(`${folder}/`));
  return inside || (await commandOf(pid)).includes(`${folder}/`);
}

async function environmentNames(pid: number, folder: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return text
    .split("\0")
    .some((each) => each === `TMPDIR=${folder}` || each.includes(`${folder}/`));
}

async function commandOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return text.split("\0").join(" ").trim();
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself between the look and the kill.
  }
}
