import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import {
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { StatusReport } from "@hitless/controller";
import type { ReleaseRecord } from "@hitless/core";
import { parse, stringify } from "yaml";
import type { BootedMachine } from "./booted-machine.ts";

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

/**
 * An app in a folder of its own outside the repository, on a free port, driven through
 * `bin/hitless` as a user would. `close` stops everything and fails when anything is left.
 */
export class AppBed implements AsyncDisposable {
  readonly dir: string;
  readonly port: number;
  /** Where commands are run; null: on this machine as it is. */
  machine: BootedMachine | null = null;
  private readonly env: NodeJS.ProcessEnv;
  private readonly user: number | undefined;

  private constructor(root: string, port: number, options: BedOptions) {
    this.dir = join(root, "app");
    this.port = port;
    this.user = options.user;
    const own = { XDG_RUNTIME_DIR: join(root, "run"), NO_COLOR: "1" };
    this.env = { ...process.env, ...own, ...options.env };
  }

  static async make(options: BedOptions): Promise<AppBed> {
    const root = await mkdtemp(join(options.parent ?? tmpdir(), "hitless-bed-"));
    await mkdir(join(root, "run"), { mode: 0o700 });
    const bed = new AppBed(root, await freePort(), options);
    await bed.use(options.app);
    await bed.edit({ port: bed.port, ...options.settings });
    if (options.user !== undefined) await giveTo(options.user, root);
    return bed;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Overwrites the app's files in place with another version's; keeps `hitless.yaml` once it is there. */
  async use(app: string): Promise<void> {
    const from = join(repository, "examples", app);
    const known = await readFile(join(this.dir, "hitless.yaml"), "utf8").catch(() => null);
    await cp(from, this.dir, { recursive: true, force: true });
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
    const down = await this.run("down");
    if (down.code === 8 && (await this.leftOver()).length > 0) {
      // No controller, but one that was killed left replicas, which the next one adopts.
      const up = await this.run("up", "--detach");
      if (up.code !== 2) await this.run("down");
    }
    const left = await this.leftOver();
    for (const { pid } of left) killIfThere(pid);
    await rm(resolve(this.dir, ".."), { recursive: true, force: true });
    if (left.length > 0) {
      throw new Error(`left running: ${left.map((p) => `${p.pid} ${p.command}`).join("; ")}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Processes that run in the bed's folder, write into it or name it. */
  async leftOver(): Promise<readonly { readonly pid: number; readonly command: string }[]> {
    const root = resolve(this.dir, "..");
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
    const found = await Promise.all(pids.map((pid) => belongs(pid, root)));
    return found.filter((f) => f !== null);
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
  for (const path of ["", ...below]) await chown(join(root, path), user, user);
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => found(port));
    });
  });
}

function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2);
  } catch {
    return "";
  }
}

async function belongs(pid: number, root: string) {
  if (pid === process.pid || stateOf(pid).startsWith("Z")) return null;
  const links = ["cwd", "fd/1", "fd/2"].map((name) =>
    readlink(`/proc/${pid}/${name}`).catch(() => ""),
  );
  const targets = await Promise.all(links);
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const command = text.split("\0").join(" ").trim();
  const ours = targets.some((t) => t.startsWith(`${root}/`)) || command.includes(`${root}/`);
  return ours ? { pid, command } : null;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself between the look and the kill.
  }
}
