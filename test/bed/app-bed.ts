import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { lchown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { StatusReport } from "@hitless/controller";
import type { ReleaseRecord } from "@hitless/core";
import { freePort } from "@hitless/load";
import { parse, stringify } from "yaml";
import type { BootedMachine } from "./booted-machine.ts";
import { copyApp } from "./copy-app.ts";
import { refuseWhenInterrupted } from "./interruption.ts";
import { OwnFolder, type OwnProcess, processesOf, stateOf } from "./own-folder.ts";

export { freePort };

export const repository = resolve(import.meta.dirname, "../..");

/** How a command of ours ended. */
export interface CommandResult {
  readonly code: number | null;
  /** What ended it, when it did not end by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** What the app's own answer says of itself. */
export interface ShopAnswer {
  readonly version: string;
  readonly revision: string;
  readonly replica: string;
  readonly pid: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface BedOptions {
  /** Folder of the app below `examples/`, e.g. `shop/1.0`. */
  readonly app: string;
  /** Keys put over its `hitless.yaml`; undefined takes one away. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Environment of every command, and so of the controller. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the bed's folder is made; by default the system's temporary folder. */
  readonly parent?: string;
  /** User id that every command runs as, and that owns the folder; needs root. */
  readonly user?: number;
}

/** An interrupted bed is stopped in good order within this time, ms, or else killed. */
const stopsWithinMs = 20_000;

/**
 * An app in a folder of its own outside the repository, on a free port, driven through
 * `bin/hitless` as a user would. `close` stops everything and fails when anything is left.
 */
export class AppBed implements AsyncDisposable {
  readonly dir: string;
  readonly port: number;
  /** Where commands are run; null: on this machine as it is. */
  machine: BootedMachine | null = null;
  private readonly root: OwnFolder;
  private readonly env: NodeJS.ProcessEnv;
  private readonly user: number | undefined;
  private stopping: Promise<void> | null = null;

  private constructor(port: number, options: BedOptions) {
    this.root = new OwnFolder("hitless-bed-", {
      ...(options.parent === undefined ? {} : { parent: options.parent }),
      first: () => this.stopInterrupted(),
    });
    this.dir = join(this.root.path, "app");
    this.port = port;
    this.user = options.user;
    const own = { XDG_RUNTIME_DIR: join(this.root.path, "run"), NO_COLOR: "1" };
    this.env = { ...process.env, ...own, ...options.env };
  }

  static async make(options: BedOptions): Promise<AppBed> {
    const bed = new AppBed(await freePort(), options);
    await mkdir(join(bed.root.path, "run"), { mode: 0o700 });
    await bed.use(options.app);
    await bed.edit({ port: bed.port, ...options.settings });
    if (options.user !== undefined) await giveTo(options.user, bed.root.path);
    return bed;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Overwrites the app's files in place with another version's; keeps `hitless.yaml` once it is there. */
  async use(app: string): Promise<void> {
    const known = await readFile(join(this.dir, "hitless.yaml"), "utf8").catch(() => null);
    await copyApp(join("examples", app), this.dir);
    if (known !== null) await writeFile(join(this.dir, "hitless.yaml"), known);
  }

  /** Puts keys over the app file; undefined takes one away. */
  async edit(settings: Readonly<Record<string, unknown>>): Promise<void> {
    const path = join(this.dir, "hitless.yaml");
    const known: unknown = parse(await readFile(path, "utf8"));
    const merged = Object.entries({ ...(known ?? {}), ...settings });
    await writeFile(path, stringify(Object.fromEntries(merged.filter(([, v]) => v !== undefined))));
  }

  /** Runs `bin/hitless` in the app's folder. */
  run(...args: readonly string[]): Promise<CommandResult> {
    return this.start(...args).done;
  }

  /** Like `run`, with some variables put over the bed's environment. */
  runWith(
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<CommandResult> {
    return this.startWith(env, ...args).done;
  }

  /** Like `run`, for a command that is to be watched or killed meanwhile. */
  start(...args: readonly string[]): {
    readonly pid: number;
    readonly done: Promise<CommandResult>;
  } {
    return this.startWith({}, ...args);
  }

  /** Like `start`, with more in the environment of this one command. */
  startWith(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
    refuseWhenInterrupted();
    return this.command(env, args);
  }

  private command(env: Readonly<Record<string, string>>, args: readonly string[]) {
    const began = performance.now();
    const command = [join(repository, "bin/hitless"), ...args];
    const [program = "", ...rest] = this.machine?.lineOf(command, this.dir) ?? command;
    const child = spawn(program, rest, {
      cwd: this.dir,
      env: { ...this.env, ...env },
      ...(this.user === undefined ? {} : { uid: this.user, gid: this.user }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    const done = new Promise<CommandResult>((ended, failed) => {
      child.once("error", failed);
      child.once("close", (code, signal) => {
        ended({ code, signal, stdout, stderr, seconds: (performance.now() - began) / 1000 });
      });
    });
    return { pid: child.pid ?? -1, done };
  }

  /** Runs a command that must end with `code`; throws with all it said when it does not. */
  async must(code: number, ...args: readonly string[]): Promise<CommandResult> {
    const result = await this.run(...args);
    if (result.code === code) return result;
    const said = `${result.stdout}\n${result.stderr}`.trim();
    throw new Error(`hitless ${args.join(" ")}: exit ${result.code}, wanted ${code}\n${said}`);
  }

  async status(): Promise<StatusReport> {
    return JSON.parse((await this.must(0, "status", "--json")).stdout);
  }

  async history(): Promise<readonly ReleaseRecord[]> {
    return JSON.parse((await this.must(0, "history", "--json")).stdout);
  }

  /** One answer of the app, on a connection of its own. */
  async ask(path = "/"): Promise<ShopAnswer> {
    const answer = await fetch(this.url + path, { headers: { connection: "close" } });
    const body: unknown = await answer.json();
    if (!answer.ok) throw new Error(`${path} → ${answer.status} ${JSON.stringify(body)}`);
    // The caller asserts on the fields; a wrong shape fails there.
    return body as ShopAnswer;
  }

  /**
   * Asks until `count` different processes have answered, and one more round, which would meet one
   * too many; throws when fewer or more do. Several at once and not always as many, or the questions
   * would fall into step with a load beside them and meet the same replicas again and again.
   */
  async everybody(count: number): Promise<readonly ShopAnswer[]> {
    const seen = new Map<number, ShopAnswer>();
    let enough = false;
    for (let round = 0; round < 20 && !enough; round += 1) {
      enough = seen.size >= count;
      const questions = Array.from({ length: 2 * count + (round % 3) }, () => this.ask());
      for (const answer of await Promise.all(questions)) seen.set(answer.pid, answer);
    }
    if (seen.size !== count) throw new Error(`${seen.size} processes answered, wanted ${count}`);
    return [...seen.values()];
  }

  /** `kill -9` of the controller; resolves when it is gone. */
  async killController(): Promise<number> {
    const { controller } = await this.status();
    process.kill(controller.pid, "SIGKILL");
    await until(() => !isRunning(controller.pid), `controller ${controller.pid} is gone`);
    return controller.pid;
  }

  /** Stops the app and removes the folder. Throws when a process of it is left. */
  async close(): Promise<void> {
    await this.stop();
    const left = await this.leftOver();
    await this.root.remove();
    if (left.length > 0) {
      throw new Error(`left running: ${left.map((p) => `${p.pid} ${p.command}`).join("; ")}`);
    }
  }

  /** Once, also when an interruption comes while the bed is being closed. */
  private stop(): Promise<void> {
    this.stopping ??= this.down();
    return this.stopping;
  }

  private async down(): Promise<void> {
    const down = await this.command({}, ["down"]).done;
    if (down.code !== 8 || (await this.leftOver()).length === 0) return;
    // No controller, but one that was killed left replicas, which the next one adopts.
    const up = await this.command({}, ["up", "--detach"]).done;
    if (up.code !== 2) await this.command({}, ["down"]).done;
  }

  /** What is left after it, or does not stop in time, is killed with the folder. */
  private async stopInterrupted(): Promise<void> {
    if (!existsSync(join(this.dir, ".hitless"))) return;
    for (const { pid } of await this.leftOver()) {
      try {
        // A proof may have stopped one of them.
        process.kill(pid, "SIGCONT");
      } catch {
        // It has ended meanwhile.
      }
    }
    const stopped = this.stop().catch(() => undefined);
    await Promise.race([stopped, after(stopsWithinMs, null, { ref: false })]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Processes that run in the bed's folder, write into it or name it. */
  leftOver(): Promise<readonly OwnProcess[]> {
    return processesOf(this.root.path);
  }
}

/** Waits until a condition holds, looking every 20 ms. Throws with `what` after `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}

/** Whether a process lives; a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !stateOf(pid).startsWith("Z");
}

async function giveTo(user: number, root: string): Promise<void> {
  const below = await readdir(root, { recursive: true });
  for (const path of ["", ...below]) await lchown(join(root, path), user, user);
}
