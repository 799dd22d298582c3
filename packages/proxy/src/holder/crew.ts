import type { WorkerState, WorkerStatus } from "../control-protocol.ts";
import type { LineSocket } from "../line-socket.ts";
import type { ListeningSocket } from "../listening-socket.ts";
import { forkPeer } from "../peer.ts";
import type { ProcessSettings } from "../process-settings.ts";
import { RestartPause } from "../restart-pause.ts";
import { ownEntry } from "../source-runtime.ts";
import type { ProxyTable } from "../table.ts";
import { untilGone } from "../until-gone.ts";
import { type Introduction, isIntroduction, type LeaveOrder } from "../worker/worker-protocol.ts";
import type { Heritage } from "./heritage.ts";
import { News } from "./news.ts";
import { type LedgerState, TrafficLedger } from "./traffic-ledger.ts";
import { watchWorker } from "./watch-worker.ts";
import { type WorkerEvents, WorkerProcess } from "./worker-process.ts";
import { WorkerStarts } from "./worker-starts.ts";

/** What is left of a worker that was replaced may stay so long: streams and tunnels. */
const longestStayMs = 3_600_000;
/** So many terms of workers may be leaving; the oldest then has to be gone within `hurry`. */
const mostLeavingTerms = 4;
const hurry: LeaveOrder = { lingerMs: 15_000, timeoutMs: 30_000 };

export interface CrewOptions {
  readonly settings: ProcessSettings;
  /** In force. */
  table(): ProxyTable | null;
  /** A worker of another holder has a newer one. */
  newerTable(table: ProxyTable): void;
  /** The first worker has the port, or does not get it. */
  opened(port: number, handle: unknown): void;
  openFailed(code: string, message: string): void;
  /** Those that live are others now. */
  changed(pids: readonly number[]): void;
}

/**
 * The workers of a holder. Keeps as many of its own term as there are to be; all others, of an
 * earlier term or one too many, leave as soon as those serve.
 */
export class Crew {
  readonly ledger = new TrafficLedger();
  readonly starts = new WorkerStarts();
  term: number;
  /** Comes with every worker, once there is one. */
  socket: ListeningSocket | null = null;
  port: number;
  readonly #options: CrewOptions;
  readonly #workers = new Set<WorkerProcess>();
  readonly #pause = new RestartPause();
  #wanted: number;
  #pausing = false;
  /** Nobody is started or sent away while it is not certain which holder will be. */
  #frozen = false;
  #stopping: LeaveOrder | null = null;
  readonly #news = new News();
  readonly #watched = new WeakSet<WorkerProcess>();
  readonly #seen = new WeakSet<WorkerProcess>();
  readonly #hurried = new WeakSet<WorkerProcess>();

  constructor(options: CrewOptions) {
    this.#options = options;
    const { workers, term, port } = options.settings;
    this.#wanted = workers;
    this.term = term;
    this.port = port;
  }

  /** How many there are to be. */
  get wanted(): number {
    return this.#wanted;
  }

  get pids(): readonly number[] {
    return [...this.#workers].filter(({ pid }) => pid > 0).map(({ pid }) => pid);
  }

  get state(): WorkerState {
    return { serves: [...this.#workers].some((one) => one.serves), ...this.starts.state };
  }

  /** What the next holder has to know. */
  get heritage(): Heritage {
    return { workers: this.#wanted, term: this.term, ledger: this.ledger.state };
  }

  /** As many of this term serve as there are to be. */
  get #complete(): boolean {
    const kept = this.#kept();
    return kept.length === this.#wanted && kept.every(({ serves }) => serves);
  }

  /** Resolves when a worker serves. */
  async served(): Promise<void> {
    await this.#news.until(() => this.state.serves);
  }

  /** Resolves when as many serve as there are to be, or one does while others keep failing to start. */
  async settled(): Promise<void> {
    await this.#news.until(() => this.#complete || (this.state.serves && this.starts.keepFailing));
  }

  /** Starts the first worker, which opens the port. */
  open(): void {
    this.#spawn();
  }

  /** Those of the holder before: they may serve, and are not linked yet. */
  inherit({ living, ...ledger }: LedgerState): void {
    this.ledger.resume({ living, ...ledger });
    for (const { worker: record, counts } of living) {
      this.#add(new WorkerProcess({ kind: "known", record, counts }, this.#events()));
    }
  }

  /** From now on those of the holder before have to connect to this one. */
  expectAll(): void {
    const { workerAnswerMs } = this.#options.settings.timeouts;
    for (const worker of this.#workers) {
      if (worker.isKnown) void worker.expect(workerAnswerMs);
    }
  }

  /** A process has connected that says it is a worker. */
  admit(socket: LineSocket): void {
    socket.onMessage((here) => {
      if (!isIntroduction(here)) {
        socket.destroy();
        return;
      }
      const { process: record, slot, term, leaving, counts, epoch = null } = here;
      const known = [...this.#workers].find(({ pid }) => pid === record.pid);
      const origin = {
        kind: "known",
        record: { process: record, slot, term, leaving },
        counts,
      } as const;
      const isOurs = epoch === null || epoch === this.ledger.epoch;
      if (known === undefined && !isOurs) this.ledger.leaveOut();
      const worker = known ?? this.#add(new WorkerProcess(origin, this.#events()), isOurs);
      worker.link(socket, here);
    });
  }

  /** Starts who is missing, and sends away who is not needed any more. */
  tend(): void {
    if (this.#frozen || this.#stopping !== null || this.socket === null) return;
    if (!this.#pausing) {
      for (let n = this.#kept().length; n < this.#wanted; n += 1) this.#spawn();
    }
    if (!this.#complete) return;
    const kept = this.#kept();
    const needless = [...this.#workers].filter((one) => !one.leaving && !kept.includes(one));
    for (const worker of needless) worker.leave(this.#linger);
    if (needless.length > 0) this.#share();
    this.#endOldest();
  }

  /** Changes how many workers there are to be. */
  resize(workers: number): void {
    this.#wanted = workers;
    this.#share();
    this.tend();
  }

  /** Resolves when as many of this term serve as there are to be; rejects when they do not start. */
  async completed(): Promise<void> {
    await this.#news.until(() => this.#complete || this.starts.keepFailing);
    if (!this.#complete) throw this.#noneServes();
  }

  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    this.tend();
  }

  tellTable(table: ProxyTable): void {
    for (const worker of this.#workers) {
      if (worker.begun) worker.tell({ kind: "table", table });
    }
  }

  /** Resolves when whoever may accept has acknowledged that generation or a newer one, and one does. */
  async acknowledged(generation: number): Promise<void> {
    await this.#news.until(() => {
      const accepting = [...this.#workers].filter(({ begun }) => begun);
      return accepting.length > 0 && accepting.every((one) => one.generation >= generation);
    });
  }

  /** Of every worker that may accept. Rejects when none serves and starts keep failing. */
  async statuses(): Promise<readonly WorkerStatus[]> {
    for (;;) {
      await this.#news.until(() => this.state.serves || this.starts.keepFailing);
      if (!this.state.serves) throw this.#noneServes();
      const answers = await Promise.all(
        [...this.#workers].filter(({ begun }) => begun).map(statusOf),
      );
      const known = answers.filter((one) => one !== null);
      // Who died before it answered is replaced; its successor may be the only one.
      if (known.length > 0) return known;
    }
  }

  #noneServes(): Error {
    const { failedStarts, lastFailure } = this.starts.state;
    return new Error(`no worker serves: ${failedStarts} in a row did not start, ${lastFailure}`);
  }

  async cut(replicaId: string): Promise<number> {
    // What was in flight in a worker that dies is cut by that.
    const cuts = [...this.#workers]
      .filter(({ begun }) => begun)
      .map((worker) => worker.cut(replicaId).catch(() => 0));
    return (await Promise.all(cuts)).reduce((sum, count) => sum + count, 0);
  }

  /** Before anybody is told of counts: a successor must not know less. */
  share(): void {
    this.#share(2);
  }

  /** Ends all of them, the last by force after `killAfterMs`; resolves when none is left. */
  async stop(order: LeaveOrder, killAfterMs: number): Promise<void> {
    this.#stopping = order;
    const pids = this.pids;
    for (const worker of this.#workers) worker.leave(order);
    const timer = setTimeout(() => {
      for (const worker of this.#workers) worker.kill();
    }, killAfterMs);
    await this.#news.until(() => this.#workers.size === 0);
    clearTimeout(timer);
    await Promise.all(pids.map(untilGone));
  }

  /** Lets all go to another holder. */
  release(): void {
    this.#frozen = true;
    for (const worker of this.#workers) worker.release();
  }

  killAll(): void {
    this.#stopping = hurry;
    for (const worker of this.#workers) worker.kill();
  }

  #kept(): readonly WorkerProcess[] {
    return this.#ranked()
      .filter(({ term, leaving }) => term === this.term && !leaving)
      .slice(0, this.#wanted);
  }

  /** Who is the first to start the next holder; workers that leave cannot. */
  #ranked(): readonly WorkerProcess[] {
    const place = (one: WorkerProcess) =>
      (one.leaving ? 4 : 0) + (one.serves ? 0 : 2) + (one.term === this.term ? 0 : 1);
    return [...this.#workers].sort((a, b) => place(a) - place(b) || a.slot - b.slot);
  }

  #share(among = this.#workers.size): void {
    const { heritage } = this;
    for (const [rank, worker] of this.#ranked().slice(0, among).entries()) {
      worker.tell({ kind: "heritage", holderPid: process.pid, rank, heritage });
    }
  }

  #spawn(): void {
    const { settings } = this.#options;
    const { term } = this;
    const slot = this.#freeSlot();
    const peer = forkPeer({
      entry: ownEntry("worker/worker-main"),
      settings: { ...settings, workers: this.#wanted, term, slot, inherits: this.socket !== null },
      listeningFd: this.socket?.fd ?? null,
      detached: false,
    });
    const worker = this.#add(
      new WorkerProcess({ kind: "child", peer, slot, term }, this.#events()),
    );
    watchWorker(worker, settings.timeouts.workerAnswerMs);
    if (worker.pid > 0) this.#options.changed(this.pids);
  }

  #freeSlot(): number {
    const taken = new Set([...this.#workers].map(({ slot }) => slot));
    let slot = 0;
    while (taken.has(slot)) slot += 1;
    return slot;
  }

  #add(worker: WorkerProcess, counts = true): WorkerProcess {
    this.#workers.add(worker);
    if (counts) this.ledger.add(worker);
    return worker;
  }

  #events(): WorkerEvents {
    return {
      opened: (port, handle) => this.#options.opened(port, handle),
      openFailed: (code, message) => this.#options.openFailed(code, message),
      linked: (worker, here) => this.#linked(worker, here),
      inForce: (worker) => this.#served(worker),
      exited: (worker, how) => this.#exited(worker, how),
    };
  }

  #linked(worker: WorkerProcess, here: Introduction): void {
    if (worker.isKnown && !this.#watched.has(worker)) {
      watchWorker(worker, this.#options.settings.timeouts.workerAnswerMs);
    }
    this.#watched.add(worker);
    if (this.#stopping !== null) {
      worker.leave(this.#stopping);
      return;
    }
    if (worker.leaving && !here.leaving) worker.leave(this.#linger);
    // Whoever starts the next holder has to know of it before it accepts.
    this.#share();
    const table = this.#options.table();
    if (!here.begun) worker.begin(table);
    else if (table !== null && table.generation > (here.table?.generation ?? -1)) {
      worker.tell({ kind: "table", table });
    } else if (here.table !== null && here.table.generation > (table?.generation ?? -1)) {
      this.#options.newerTable(here.table);
    }
    this.#served(worker);
  }

  #served(worker: WorkerProcess): void {
    if (worker.serves && !this.#seen.has(worker)) {
      this.#seen.add(worker);
      this.starts.served();
      this.#share();
      this.tend();
    }
    this.#news.tell();
  }

  #exited(worker: WorkerProcess, how: string): void {
    this.#workers.delete(worker);
    this.ledger.end(worker);
    if (this.#stopping !== null) {
      this.#news.tell();
      return;
    }
    this.#options.changed(this.pids);
    if (!worker.serves && !worker.isKnown) this.starts.failed(worker.pid, how);
    this.#share();
    this.#news.tell();
    if (worker.leaving || worker.term !== this.term) return;
    const pauseMs = this.#pause.after(performance.now() - worker.startedAt, worker.serves);
    if (pauseMs === 0) this.#replace();
    else if (!this.#pausing) {
      this.#pausing = true;
      setTimeout(() => {
        this.#pausing = false;
        this.#replace();
      }, pauseMs);
    }
  }

  #replace(): void {
    // The one that was to open the port did not.
    if (this.socket === null && this.#stopping === null && this.#workers.size === 0) this.#spawn();
    this.tend();
  }

  get #linger(): LeaveOrder {
    const { clientIdleMs } = this.#options.settings.timeouts;
    return {
      lingerMs: clientIdleMs === 0 ? longestStayMs : clientIdleMs,
      timeoutMs: longestStayMs,
    };
  }

  #endOldest(): void {
    const leaving = [...this.#workers].filter((one) => one.leaving);
    const terms = [...new Set(leaving.map(({ term }) => term))].sort((a, b) => b - a);
    const tooOld = terms.slice(mostLeavingTerms);
    for (const worker of leaving) {
      if (!tooOld.includes(worker.term) || this.#hurried.has(worker)) continue;
      this.#hurried.add(worker);
      worker.leave(hurry);
    }
  }
}

async function statusOf(worker: WorkerProcess): Promise<WorkerStatus | null> {
  try {
    const status = await worker.status();
    return { pid: worker.pid, leaving: worker.leaving, ...status };
  } catch {
    return null;
  }
}
