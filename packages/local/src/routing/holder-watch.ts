import {
  askHolder,
  type HolderSign,
  type ProcessRecord,
  readRecord,
  type WorkerState,
  workerSocketPath,
} from "@hitless/proxy";
import { identify, isAlive } from "../processes/process-identity.ts";
import { hasErrno } from "../state/errno.ts";
import { pauseOrEnd } from "../wait.ts";

/**
 * Looks in a row after which a holder that does not answer is ended: while its worker serves, all that
 * waits is the next table. And after which one goes without which nobody serves.
 */
const silentLooks = 30;
const workerlessLooks = 5;
/** So many starts of a worker in a row have failed then. */
const failedStarts = 3;
/** Looks after which a worker has to have started the successor of its holder: the slowest start. */
const orphanLooks = 30;

export interface HolderWatchOptions {
  /** The control socket. */
  readonly socketPath: string;
  /** How often it is looked, milliseconds: the seconds below are looks at one a second. */
  readonly everyMs: number;
  event(text: string): void;
}

/** What is wrong with a process of the proxy, and for how many looks that is borne. */
interface Charge {
  readonly against: ProcessRecord;
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

  /** Ends a worker that is left without a holder, and should have started one: it may be stopped. */
  endOrphan(): void {
    const worker = this.worker();
    if (worker !== null && this.living() === null) end(worker);
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
    if (end(charge.against)) this.options.event(`proxy: ${charge.sentence}`);
  }

  private chargeNow(): Charge | null {
    if (this.answer === "other version") return null;
    if (this.answer) return this.workerless(this.answer);
    const holder = this.living();
    const worker = this.worker();
    if (holder !== null) return silent(holder, worker === null ? workerlessLooks : silentLooks);
    return worker === null ? null : orphan(worker);
  }

  private workerless({ holderPid, worker }: HolderSign): Charge | null {
    this.known = identify(holderPid);
    if (this.known === null || worker === null || worker.serves) return null;
    return worker.failedStarts < failedStarts ? null : withoutWorker(this.known, worker);
  }

  /** The worker, if it lives, by its own note. */
  private worker(): ProcessRecord | null {
    const noted = readRecord(workerSocketPath(this.options.socketPath));
    return noted !== null && isAlive(noted) ? noted : null;
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
  return { against, looks, matter, sentence };
}

function withoutWorker(against: ProcessRecord, { lastFailure }: WorkerState): Charge {
  const matter = `holder ${against.pid} has no worker: ${lastFailure}`;
  return { against, looks: workerlessLooks, matter, sentence: `${matter}; it was ended` };
}

function orphan(against: ProcessRecord): Charge {
  const { pid } = against;
  const matter = `the holder is gone, and worker ${pid} has not started the next one yet`;
  const sentence = `worker ${pid} started no holder for ${orphanLooks} s and was ended`;
  return { against, looks: orphanLooks, matter, sentence };
}

function isSameCharge(one: Charge, other: Charge | null): boolean {
  const { against, looks } = one;
  if (other === null || looks !== other.looks) return false;
  return against.pid === other.against.pid && against.startTime === other.against.startTime;
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
