import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as after } from "node:timers/promises";
import { HitlessError } from "@hitless/core";
import { groupRuns, signalGroup } from "./process-group.ts";

/** How an app is started outside Hitless. */
export interface AppCommand {
  /** A string is run by a shell, a list is not. */
  readonly command: string | readonly string[];
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

const keptErrorBytes = 2000;
/** How long a killed group may take to be gone, in milliseconds, before `stop` gives up waiting for it. */
const goneTimeoutMs = 5000;
/** Between two looks at a group that is ending, in milliseconds. */
const lookEveryMs = 10;

/**
 * One running copy of an app, in a process group of its own. Every member of the group is killed
 * by `stop`, and also when this process exits without having called it.
 */
export class AppProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #killGroup = () => {
    signalGroup(this.pid, "SIGKILL");
  };
  #errors = "";
  #stopped = false;

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptErrorBytes);
    });
    process.once("exit", this.#killGroup);
  }

  /** Starts the app; throws `COMMAND_NOT_FOUND` when its command cannot be run. */
  static async start(app: AppCommand): Promise<AppProcess> {
    const [file = "", ...args] = typeof app.command === "string" ? [app.command] : app.command;
    const child = spawn(file, args, {
      ...(app.cwd === undefined ? {} : { cwd: app.cwd }),
      env: { ...process.env, ...app.env },
      shell: typeof app.command === "string",
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (child.pid === undefined) {
      const [cause] = await once(child, "error");
      throw new HitlessError("COMMAND_NOT_FOUND", `cannot run ${JSON.stringify(app.command)}`, {
        cause,
      });
    }
    return new AppProcess(child, child.pid);
  }

  /** Whether the leader has exited. */
  get exited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The end of what it wrote to its standard error. */
  get errors(): string {
    return this.#errors.trim();
  }

  /** Sends `signal` to the group, and SIGKILL to what is left of it after `killAfterMs`. */
  async kill(signal: "SIGTERM" | "SIGKILL", killAfterMs: number): Promise<void> {
    const deadline = performance.now() + killAfterMs;
    signalGroup(this.pid, signal);
    await this.#gone(deadline);
    await this.stop();
  }

  /** Kills what is left of the group and waits until it is empty. */
  async stop(): Promise<void> {
    // Once only: a group that is gone leaves its number to a stranger.
    if (this.#stopped) return;
    this.#stopped = true;
    this.#killGroup();
    await this.#gone(performance.now() + goneTimeoutMs);
    process.removeListener("exit", this.#killGroup);
  }

  // The whole group, not its leader: a shell may be gone before what it started.
  async #gone(deadline: number): Promise<void> {
    while (performance.now() < deadline && (!this.exited || groupRuns(this.pid))) {
      await after(lookEveryMs);
    }
  }
}
