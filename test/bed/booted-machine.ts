import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OwnFolder } from "./own-folder.ts";

const bootIdPath = "/proc/sys/kernel/random/boot_id";

/**
 * A machine that can be booted, for whatever is run in it: a mount namespace in which the kernel's
 * boot id is another one. Processes, files and ports are everybody's; they are not ended.
 */
export class BootedMachine implements AsyncDisposable {
  private readonly folder = new OwnFolder("hitless-boot-");
  private readonly root = process.getuid?.() === 0;
  private keeper: ChildProcess | null = null;

  private constructor() {}

  static async make(): Promise<BootedMachine> {
    const machine = new BootedMachine();
    await machine.boot();
    return machine;
  }

  /** From now on commands run in another boot. Throws when nobody gets a namespace of his own here. */
  async boot(): Promise<void> {
    this.keeper?.kill("SIGKILL");
    const bootId = join(this.folder.path, "boot_id");
    await writeFile(bootId, `${randomUUID()}\n`);
    const script = `mount --bind "$0" ${bootIdPath} && cat ${bootIdPath} && exec sleep 100000`;
    const keeper = spawn("unshare", [this.root ? "-m" : "-Urm", "sh", "-c", script, bootId], {
      // Ended with the folder, which its environment names.
      env: { ...process.env, ...this.folder.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.keeper = keeper;
    const booted = once(keeper.stdout, "data").then(() => null);
    const ended = once(keeper, "exit").then(([code]) => `unshare ended with ${code}`);
    const failed = await Promise.race([booted, ended]);
    if (failed !== null) throw new Error(`no namespace of its own: ${failed}`);
  }

  /** The command line that runs `command` on it, in that folder. */
  lineOf(command: readonly string[], folder: string): readonly string[] {
    const namespaces = this.root ? ["-m"] : ["-U", "-m", "--preserve-credentials"];
    const enter = ["-t", String(this.keeper?.pid), ...namespaces, "--"];
    // Who enters another mount namespace stands at its root.
    return ["nsenter", ...enter, "sh", "-c", 'cd "$0" && exec "$@"', folder, ...command];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.keeper?.kill("SIGKILL");
    await this.folder.remove();
  }
}
