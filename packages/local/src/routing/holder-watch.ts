import {
  askHolder,
  type HolderSign,
  type ProcessRecord,
  readRecord,
  type WorkerState,
  workerRecords,
} from "@hitless/proxy";
import { identify, isAlive } from "../processes/process-identity.ts";
import { hasErrno } from "../state/errno.ts";
import { pauseOrEnd } from "../wait.ts";

/**
 * Looks in a row after which a holder that does not answer is ended: while a worker serves, all that
 * waits is the next table. And after which one goes without which nobody serves.
 */
const silentLooks = 30;
const workerlessLooks = 5;
/** So many starts of a worker in a row have failed then. */
const failedStarts = 3;
/** Looks after which workers have to have started the successor of their holder: the slowest start. */
const orphanLooks = 30;

export interface HolderWatchOptions {
  /** The control socket. */
  readonly socketPath: string;
  /** How often it is looked, milliseconds: the seconds below are looks at one a second. */
  readonly everyMs: number;
  event(text: string): void;
}

/** What is wrong with processes of the proxy, and for how many looks that is borne. */
interface Charge {
  readonly against: readonly ProcessRecord[];
  /** Of workers without a holder: the last one. One that came and died meanwhile was started by them. */
  readonly last?: ProcessRecord | null;
  readonly looks: number;
  /** What is the matter, and what is said once it is ended for that. */
  readonly matter: string;
  readonly sentence: string;
}

/**
 * Supervises the proxy's holder from outside, as the holder does its workers: one that does not
 * answer for 30 s, or for 5 s while no worker lives or starts, is ended by its identity. A worker that
 * lives starts the next one; else whoever keeps the proxy does. Looks are counted and not the clock,
 * so the time in which this process itself was stopped counts as nothing.
 */
export class HolderWatch {
  private readonly options: HolderWatchOptions;
  private readonly ending = new AbortController();
  /** As it answered last. */
  private known: ProcessRecord | null = null;
  /** Undefined: nothing has come yet. */
  private answer: HolderSign | "other version" | null | undefined = null;
  private charge: Charge | null = null;
  private looks = 0;
  private running = false;

  constructor(options: HolderWatchOptions) {
    this.options = options;
  }

  /** Why the proxy cannot be reached, as far as is known; empty while its holder answers. */
  get trouble(): string {
    return this.charge?.matter ?? "";
  }

  start(): void {
    if (this.running || this.ending.signal.aborted) return;
    this.running = true;
    void this.run();
  }

  stop(): void {
    this.ending.abort();
  }

  /** Ends workers that are left without a holder, and should have started one: they may be stopped. */
  endOrphans(): void {
    if (this.living() === null) this.workers().forEach(end);
  }

  /** Looks once, for at most `ms` milliseconds: whether a holder lives that shows no sign. */
  async isSilent(ms: number): Promise<boolean> {
    const asked = this.ask();
    const settled = new AbortController();
    await Promise.race([asked, pauseOrEnd(ms, settled.signal)]);
    settled.abort();
    return !this.answer && this.living() !== null;
  }

  private async run(): Promise<void> {
    while (!this.ending.signal.aborted) {
      if (this.answer !== undefined) void this.ask();
      await pauseOrEnd(this.options.everyMs, this.ending.signal);
      if (!this.ending.signal.aborted) this.judge();
    }
  }

  private async ask(): Promise<void> {
    const { socketPath } = this.options;
    this.answer = undefined;
    // Whoever speaks another language lives.
    this.answer = await askHolder(socketPath, this.ending.signal).catch(() => "other version");
  }

  private judge(): void {
    const charge = this.chargeNow();
    this.looks = charge !== null && isSameCharge(charge, this.charge) ? this.looks + 1 : 1;
    this.charge = charge;
    if (charge === null || this.looks < charge.looks) return;
    this.charge = null;
    if (charge.against.map(end).includes(true)) this.options.event(`proxy: ${charge.sentence}`);
  }

  private chargeNow(): Charge | null {
    if (this.answer === "other version") return null;
    if (this.answer) return this.workerless(this.answer);
    const holder = this.living();
    const workers = this.workers();
    if (holder !== null)
      return silent(holder, workers.length === 0 ? workerlessLooks : silentLooks);
    return workers.length === 0
      ? null
      : { ...orphaned(workers), last: readRecord(this.options.socketPath) };
  }

  private workerless({ holderPid, worker }: HolderSign): Charge | null {
    this.known = identify(holderPid);
    if (this.known === null || worker === null || worker.serves) return null;
    return worker.failedStarts < failedStarts ? null : withoutWorker(this.known, worker);
  }

  /** Those that live, and do not leave, by their own notes. */
  private workers(): readonly ProcessRecord[] {
    return workerRecords(this.options.socketPath).filter(isAlive);
  }

  /** The holder, if it lives: by its own note, or the one that answered last. */
  private living(): ProcessRecord | null {
    const noted = readRecord(this.options.socketPath);
    return [noted, this.known].find((one) => one !== null && isAlive(one)) ?? null;
  }
}

function silent(against: ProcessRecord, looks: number): Charge {
  const { pid } = against;
  const matter = `holder ${pid} does not answer`;
  const sentence = `holder ${pid} did not answer for ${looks} s and was ended`;
  return { against: [against], looks, matter, sentence };
}

function withoutWorker(against: ProcessRecord, { lastFailure }: WorkerState): Charge {
  const matter = `holder ${against.pid} has no worker: ${lastFailure}`;
  return {
    against: [against],
    looks: workerlessLooks,
    matter,
    sentence: `${matter}; it was ended`,
  };
}

function orphaned(against: readonly ProcessRecord[]): Charge {
  const pids = against.map(({ pid }) => pid).join(", ");
  const [who, have, were] =
    against.length === 1 ? ["worker", "has", "was"] : ["workers", "have", "were"];
  const matter = `the holder is gone, and ${who} ${pids} ${have} not started the next one yet`;
  const sentence = `${who} ${pids} started no holder for ${orphanLooks} s and ${were} ended`;
  return { against, looks: orphanLooks, matter, sentence };
}

function isSameCharge(one: Charge, other: Charge | null): boolean {
  return other !== null && one.looks === other.looks && named(one) === named(other);
}

function named({ against, last = null }: Charge): string {
  return [last, ...against].map((one) => `${one?.pid}:${one?.startTime}`).join(" ");
}

/** False when it was gone already, or is not ours to end. */
function end(identity: ProcessRecord): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, "SIGKILL");
  } catch (cause) {
    if (hasErrno(cause, "ESRCH", "EPERM")) return false;
    throw cause;
  }
}
