import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as after } from "node:timers/promises";
import { HitlessError } from "@hitless/core";
import { DeathWatch } from "./death-watch.ts";
import { groupRuns, signalGroup } from "./process-group.ts";

/** How an app is started outside Hitless. */
export interface AppCommand {
  /** A string is run by a shell, a list is not. */
  readonly command: string | readonly string[];
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How the leader of a group ended. */
export interface Exit {
  /** Null: by the signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly at: number;
}

const keptBytes = 2000;
/** How long a killed group may take to be gone, in milliseconds, before `stop` gives up waiting for it. */
const goneTimeoutMs = 5000;
/** Between two looks at a group that is ending, in milliseconds. */
const lookEveryMs = 10;

/**
 * One running copy of an app, in a process group of its own. Every member of the group is killed
 * by `stop`, and also when this process exits, or is killed, without having called it.
 */
export class AppProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #watch: DeathWatch;
  readonly #killGroup = () => {
    signalGroup(this.pid, "SIGKILL");
    this.#watch.callOff();
  };
  #errors = "";
  #said = "";
  #exit: Exit | null = null;
  #stopped = false;

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
    this.#watch = new DeathWatch(pid);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-keptBytes);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptBytes);
      this.#said = (this.#said + text).slice(-keptBytes);
    });
    child.once("exit", (code, signal) => {
      this.#exit = { code, signal, at: performance.now() };
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
      stdio: ["ignore", "pipe", "pipe"],
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
    return this.#exit !== null;
  }

  /** How the leader ended; null while it runs. */
  get exit(): Exit | null {
    return this.#exit;
  }

  /** The end of what it wrote to its standard error. */
  get errors(): string {
    return this.#errors.trim();
  }

  /** The end of what it wrote to its standard output and standard error. */
  get said(): string {
    return this.#said.trim();
  }

  /** Signals the leader alone, as a container's runtime does, or the whole group. */
  signal(signal: NodeJS.Signals, whom: "leader" | "group"): void {
    if (whom === "group") signalGroup(this.pid, signal);
    else if (!this.exited) this.#child.kill(signal);
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
    // What has left the group may hold them open.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    process.removeListener("exit", this.#killGroup);
  }

  // The whole group, not its leader: a shell may be gone before what it started.
  async #gone(deadline: number): Promise<void> {
    while (performance.now() < deadline && (!this.exited || groupRuns(this.pid))) {
      await after(lookEveryMs);
    }
  }
}
