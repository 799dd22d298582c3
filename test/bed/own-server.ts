import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { accepts } from "@hitless/load";
import { freePort, until } from "./app-bed.ts";
import { isInPath } from "./in-path.ts";
import { OwnFolder, stateOf } from "./own-folder.ts";

interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

const startsWithinMs = 30_000;
const debianPostgres = "/usr/lib/postgresql";
/** Postgres refuses to run as root. */
const nobody = 65_534;

/** What to install when Redis or Postgres is not there; null: both are. */
export function missingServers(): string | null {
  const missing = [
    ...(isInPath("redis-server")
      ? []
      : ["redis-server is not in PATH (apt-get install redis-server)"]),
    ...(postgresBin() === null
      ? [`initdb is neither in PATH nor in ${debianPostgres}/*/bin (apt-get install postgresql)`]
      : []),
  ];
  return missing.length === 0 ? null : missing.join("; ");
}

/** A Redis on a free port of loopback that keeps nothing. */
export async function ownRedis(): Promise<OwnServer> {
  const folder = new OwnFolder("hitless-redis-");
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder.path];
  return await OwnServer.start({ program: "redis-server", args }, { folder, port });
}

/** A Postgres on a free port of loopback, user and database `postgres`, no password. */
export async function ownPostgres(): Promise<OwnServer> {
  const folder = new OwnFolder("hitless-postgres-");
  const port = await freePort();
  const data = join(folder.path, "data");
  mkdirSync(data, { mode: 0o700 });
  if (isRoot()) chownSync(data, nobody, nobody);
  const bin = postgresBin() ?? "";
  const flags = [
    "-D",
    data,
    "-U",
    "postgres",
    "--auth=trust",
    "--no-sync",
    "--no-locale",
    "-E",
    "UTF8",
  ];
  const made = spawnSync(join(bin, "initdb"), flags, {
    ...asUser(),
    cwd: data,
    env: { ...process.env, ...folder.env, TMPDIR: data },
    encoding: "utf8",
  });
  if (made.status !== 0) {
    await folder.remove();
    throw new Error(`initdb failed:\n${made.stdout}${made.stderr}${made.error?.message ?? ""}`);
  }
  const args = ["-D", data, "-p", String(port), "-k", "", "-h", "127.0.0.1", "-F"];
  return await OwnServer.start({ program: join(bin, "postgres"), args }, { folder, port });
}

/** A server of ours that is stopped, hung and started again at the same address. */
export class OwnServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: OwnFolder;
  readonly #command: Command;
  #process: ChildProcess | null = null;

  private constructor(command: Command, around: { folder: OwnFolder; port: number }) {
    this.port = around.port;
    this.#folder = around.folder;
    this.#command = command;
  }

  /** Takes the folder over. Resolves when it accepts connections. */
  static async start(
    command: Command,
    around: { folder: OwnFolder; port: number },
  ): Promise<OwnServer> {
    const made = new OwnServer(command, around);
    try {
      await made.startAgain();
      return made;
    } catch (thrown) {
      await around.folder.remove();
      throw thrown;
    }
  }

  /** After `stop`. Resolves when it accepts connections; throws with what it said when it does not get there. */
  async startAgain(): Promise<void> {
    const { path } = this.#folder;
    await using log = await open(join(path, "log"), "a");
    this.#process = spawn(this.#command.program, this.#command.args, {
      ...asUser(),
      cwd: path,
      env: { ...process.env, ...this.#folder.env },
      stdio: ["ignore", log.fd, log.fd],
    });
    await until(
      () => accepts({ host: "127.0.0.1", port: this.port }),
      `port ${this.port} is open`,
      startsWithinMs,
    ).catch(async (cause: unknown) => {
      const said = await readFile(join(path, "log"), "utf8");
      throw new Error(`${this.#command.program} did not start:\n${said.slice(-2000)}`, { cause });
    });
  }

  /** Resolves when it has ended. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    const process = this.#process;
    if (process === null) return;
    this.#process = null;
    const ended = once(process, "exit");
    process.kill(signal);
    await ended;
  }

  /** It and its children accept connections, in the kernel, and answer nothing. */
  hang(): void {
    this.#signalAll("SIGSTOP");
  }

  goOn(): void {
    this.#signalAll("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder.remove();
  }

  #signalAll(signal: NodeJS.Signals): void {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    process.kill(pid, signal);
    for (const child of childrenOf(pid)) process.kill(child, signal);
  }
}

/** Each backend of Postgres is a session of its own: the group is not all of it. */
function childrenOf(pid: number): readonly number[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((each) => stateOf(each).split(" ")[1] === String(pid));
}

/** How many connections a process has to that port of loopback; none when it has ended. */
export function connectionsTo(port: number, pid: number): number {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return 0;
  const sockets = new Set(readdirSync(folder).map((fd) => targetOf(join(folder, fd))));
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1);
  return lines.filter((line) => {
    const [, , to = "", state, , , , , , inode] = line.trim().split(/\s+/);
    return to.endsWith(remote) && state === established && sockets.has(`socket:[${inode}]`);
  }).length;
}

const established = "01";

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    // Closed between the look at the folder and this one.
    return "";
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function asUser(): { readonly uid?: number; readonly gid?: number } {
  return isRoot() ? { uid: nobody, gid: nobody } : {};
}

/** Where Postgres' programs are; empty: in PATH. */
function postgresBin(): string | null {
  if (isInPath("initdb") && isInPath("postgres")) return "";
  try {
    const versions = readdirSync(debianPostgres).sort((a, b) => Number(b) - Number(a));
    return versions[0] === undefined ? null : join(debianPostgres, versions[0], "bin");
  } catch {
    return null;
  }
}
