import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { endWhenInterrupted } from "../interruption.ts";

/** What became of the attackers of one kind. */
export interface KindOfAttack {
  readonly connected: number;
  readonly ended: number;
  /** How they were ended: `408 head-timeout`, `ECONNRESET`, ... */
  readonly endedBy: Readonly<Record<string, number>>;
  /** The longest that one of them was connected, ms. */
  readonly longestMs: number;
}

export interface AttackReport {
  /** How late the attackers' own process was at most, ms. */
  readonly lagMs: number;
  readonly tally: Readonly<Record<"head" | "body" | "read", KindOfAttack>>;
}

/** A program of this folder, in JavaScript or Python, that runs beside a test, and ends with it. */
export class Sidecar implements AsyncDisposable {
  /** The first line that it said. */
  readonly said: string;
  private readonly child: ChildProcess;
  private readonly forget: () => void;
  private rest = "";

  private constructor(child: ChildProcess, said: string) {
    this.child = child;
    this.said = said;
    this.forget = endWhenInterrupted(`process ${child.pid}`, async () => this.child.kill());
    child.stdout?.on("data", (text: string) => {
      this.rest += text;
    });
  }

  /** Resolves when it has said its first line. `nofile`: how many descriptors it may have. */
  static async start(
    script: string,
    args: readonly (string | number)[],
    nofile: number | null = null,
  ): Promise<Sidecar> {
    const limit = nofile === null ? [] : ["prlimit", `--nofile=${nofile}:${nofile}`];
    const runs = script.endsWith(".py") ? "python3" : process.execPath;
    const command = [runs, join(import.meta.dirname, script), ...args.map(String)];
    const [program = "", ...rest] = [...limit, ...command];
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.setEncoding("utf8");
    const [said] = await once(child.stdout, "data");
    return new Sidecar(child, String(said).trim());
  }

  /** Runs a command to its end; throws when that is not 0. */
  static async run(program: string, args: readonly string[]): Promise<void> {
    const [code] = await once(spawn(program, args, { stdio: "inherit" }), "close");
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit ${code}`);
  }

  /** Ends it; resolves with all that it said since its first line. */
  async stop(): Promise<string> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const closed = once(this.child, "close");
      this.child.kill();
      await closed;
    }
    this.forget();
    return this.rest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** So many slow clients, a third of each kind, until it is stopped. */
export class Attack implements AsyncDisposable {
  private readonly process: Sidecar;

  private constructor(sidecar: Sidecar) {
    this.process = sidecar;
  }

  /** `comeMs`: within that time they come; 0: all at once. */
  static async start(port: number, clients: number, comeMs: number): Promise<Attack> {
    return new Attack(await Sidecar.start("attackers.py", [port, clients, comeMs]));
  }

  async stop(): Promise<AttackReport> {
    return JSON.parse(await this.process.stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

/** Both together. */
export function addAttacks(a: AttackReport, b: AttackReport): AttackReport {
  const both = (kind: keyof AttackReport["tally"]): KindOfAttack => ({
    connected: a.tally[kind].connected + b.tally[kind].connected,
    ended: a.tally[kind].ended + b.tally[kind].ended,
    endedBy: addCounts(a.tally[kind].endedBy, b.tally[kind].endedBy),
    longestMs: Math.max(a.tally[kind].longestMs, b.tally[kind].longestMs),
  });
  const lagMs = Math.max(a.lagMs, b.lagMs);
  return { lagMs, tally: { head: both("head"), body: both("body"), read: both("read") } };
}

function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}
