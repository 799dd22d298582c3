import type { ControlMessage, ControlRequest, WorkerStatus } from "../control-protocol.ts";
import { protocolVersion } from "../control-protocol.ts";
import { inheritedSocket, type ListeningSocket, receivedSocket } from "../listening-socket.ts";
import { logLine } from "../log-line.ts";
import { keepOwnFolder } from "../own-folder.ts";
import { forkPeer, type Peer, parentPeer } from "../peer.ts";
import type { ProcessSettings } from "../process-settings.ts";
import { RestartPause } from "../restart-pause.ts";
import { type ProxyTable, readTable } from "../table.ts";
import { untilGone } from "../until-gone.ts";
import type { ByRevision } from "../worker/data-plane.ts";
import { type ControlHandler, ControlServer } from "./control-server.ts";
import { TableFile } from "./table-file.ts";
import { TrafficLedger } from "./traffic-ledger.ts";
import { watchWorker } from "./watch-worker.ts";
import { type TakeOver, WorkerProcess } from "./worker-process.ts";
import { WorkerStarts } from "./worker-starts.ts";

/** Between attempts to write a table that the disk did not take. */
const saveAgainMs = 1_000;
/** Beyond the time that a worker was given to leave. */
const killGraceMs = 1_000;

/** The port could not be bound; `code` is the system's. */
export class BindError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Owns the listening socket and the last table, and sees to it that a worker serves. It never
 * listens itself: a Node process that listens also accepts, and would swallow connections.
 */
export class Holder implements ControlHandler {
  readonly #settings: ProcessSettings;
  readonly #file: TableFile;
  readonly #control: ControlServer;
  readonly #pause = new RestartPause();
  readonly #ledger = new TrafficLedger();
  readonly #starts = new WorkerStarts();
  #table: ProxyTable | null = null;
  #worker: WorkerProcess | null = null;
  /** What the worker that ended last had counted. */
  #revisions: ByRevision = {};
  #socket: ListeningSocket | null = null;
  #port = 0;
  #stopping = false;
  #persisting: Promise<void> = Promise.resolve();
  /** Why the last table could not be written; empty when it was. */
  #unsaved = "";
  #waiters: (() => void)[] = [];
  #onOpened: ((failure: BindError | null) => void) | null = null;

  constructor(settings: ProcessSettings) {
    this.#settings = settings;
    this.#file = new TableFile(settings.stateDir);
    this.#control = new ControlServer(settings.socketPath, this);
  }

  /**
   * Resolves with the real port once a worker listens and the control socket answers. A holder
   * that was started by a worker takes that one over.
   */
  async start(): Promise<number> {
    const { table, complaint } = await this.#file.read();
    if (complaint !== null) logLine(`holder ${process.pid}: ${complaint}`);
    this.#table = table;
    if (this.#settings.inherits) await this.#succeed();
    else await this.#open();
    try {
      await this.#control.listen();
    } catch (error) {
      // A worker of its own would start the next holder, which could not be commanded either.
      if (!this.#settings.inherits) this.#worker?.kill();
      throw error;
    }
    return this.#port;
  }

  #open(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#onOpened = (failure) => (failure === null ? resolve() : reject(failure));
      this.#spawn();
    });
  }

  async #succeed(): Promise<void> {
    this.#socket = inheritedSocket();
    this.#port = this.#settings.port;
    this.#watch(parentPeer());
    // That worker's word, or the first of its successor's.
    await this.#until(() => this.#serves);
  }

  hello(): ControlMessage {
    return {
      kind: "hello",
      protocol: protocolVersion,
      holderPid: process.pid,
      port: this.#port,
      worker: { serves: this.#serves, ...this.#starts.state },
    };
  }

  async answer(request: ControlRequest): Promise<ControlMessage> {
    const { id } = request;
    switch (request.kind) {
      case "apply":
        await this.#apply(request.table);
        return { kind: "done", id };
      case "status":
        return this.#statusAnswer(id);
      case "cut":
        return { kind: "count", id, count: await this.#cut(request.replicaId) };
      case "stop":
        this.stop(request.timeoutMs);
        return { kind: "done", id };
    }
  }

  /** Stops accepting and lets what is in flight finish; the process exits when the worker did. */
  stop(timeoutMs: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    // Connections that nobody would accept any more have to be refused.
    this.#socket?.close();
    const worker = this.#worker;
    if (worker === null) {
      // The one who asked is answered first.
      setImmediate(() => void this.#leave());
      return;
    }
    worker.tell({ kind: "stop", timeoutMs });
    setTimeout(() => worker.kill(), timeoutMs + killGraceMs);
  }

  async #apply(candidate: unknown): Promise<void> {
    const table = readTable(candidate);
    if (table === null) throw new Error("that is no route table");
    const persisted = this.#persisting.then(() => this.#install(table));
    this.#persisting = persisted.catch(() => undefined);
    await persisted;
    await this.#until(() => (this.#worker?.generation ?? -1) >= table.generation);
  }

  async #install(table: ProxyTable): Promise<void> {
    const inForce = this.#table;
    if (inForce !== null && table.generation <= inForce.generation) {
      if (JSON.stringify(table) === JSON.stringify(inForce)) return;
      throw new Error(
        `generation ${table.generation} is not newer than ${inForce.generation}, which is in force`,
      );
    }
    await this.#save(table);
    this.#table = table;
    this.#worker?.tell({ kind: "table", table });
  }

  /** A full disk is no reason to go on sending requests to what is gone: the worker has the table too. */
  async #save(table: ProxyTable): Promise<void> {
    try {
      keepOwnFolder();
      await this.#file.write(table);
      this.#unsaved = "";
    } catch (error) {
      if (String(error) !== this.#unsaved) tellFailure(error);
      this.#unsaved = String(error);
      setTimeout(() => this.#saveAgain(table), saveAgainMs).unref();
    }
  }

  #saveAgain(table: ProxyTable): void {
    this.#persisting = this.#persisting.then(async () => {
      if (this.#table === table) await this.#save(table);
    });
  }

  async #statusAnswer(id: number): Promise<ControlMessage> {
    const workers = [await this.#status()];
    return { kind: "status", id, holderPid: process.pid, workers, traffic: this.#ledger.view() };
  }

  async #status(): Promise<WorkerStatus> {
    const worker = await this.#servingWorker();
    try {
      return { pid: worker.pid, ...(await worker.status()) };
    } catch {
      // It died before it answered; its successor does.
      return this.#status();
    }
  }

  async #cut(replicaId: string): Promise<number> {
    // What was in flight in a worker that dies is cut by that.
    return (await this.#worker?.cut(replicaId).catch(() => 0)) ?? 0;
  }

  async #servingWorker(): Promise<WorkerProcess> {
    await this.#until(() => this.#serves || this.#starts.keepFailing);
    if (this.#worker !== null && this.#serves) return this.#worker;
    const { failedStarts, lastFailure } = this.#starts.state;
    throw new Error(`no worker serves: ${failedStarts} in a row did not start, ${lastFailure}`);
  }

  get #serves(): boolean {
    return (this.#worker?.generation ?? -1) >= 0;
  }

  /** Resolves when that holds; looked at whenever a worker says something. */
  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (holds()) resolve();
        else this.#waiters.push(look);
      };
      look();
    });
  }

  #wake(): void {
    for (const look of this.#waiters.splice(0)) look();
  }

  #spawn(): void {
    const listeningFd = this.#socket?.fd ?? null;
    const settings = { ...this.#settings, inherits: listeningFd !== null };
    const entry = "worker/worker-main";
    const worker = this.#watch(forkPeer({ entry, settings, listeningFd, detached: false }));
    // It may die before its first report.
    worker.revisions = this.#revisions;
    const { state: ledger } = this.#ledger;
    worker.tell({ kind: "begin", table: this.#table, ledger, revisions: this.#revisions });
    if (worker.pid > 0) this.#control.broadcast({ kind: "workers", pids: [worker.pid] });
  }

  #watch(peer: Peer): WorkerProcess {
    const worker = new WorkerProcess(peer, {
      opened: (realPort, handle) => this.#opened(realPort, handle),
      openFailed: (code, message) => this.#onOpened?.(new BindError(code, message)),
      takenOver: (from) => this.#takenOver(from),
      inForce: () => {
        this.#starts.served();
        this.#wake();
      },
      exited: (dead, how) => void this.#exited(dead, how),
    });
    this.#ledger.add(worker);
    this.#worker = worker;
    watchWorker(worker, this.#settings.timeouts.workerAnswerMs);
    return worker;
  }

  #opened(port: number, handle: unknown): void {
    this.#socket = receivedSocket(handle);
    this.#port = port;
    this.#onOpened?.(null);
  }

  /** The predecessor may have died between the disk and the worker: the newer table counts. */
  #takenOver({ table, ledger }: TakeOver): void {
    if (ledger !== null) this.#ledger.resume(ledger);
    const written = this.#table;
    if (written !== null && written.generation > (table?.generation ?? -1)) {
      this.#worker?.tell({ kind: "table", table: written });
    } else if (table !== null && table.generation > (written?.generation ?? -1)) {
      this.#table = table;
      this.#persisting = this.#save(table);
    }
    this.#wake();
  }

  async #exited(worker: WorkerProcess, how: string): Promise<void> {
    this.#worker = null;
    this.#ledger.end(worker);
    this.#revisions = worker.revisions;
    if (this.#stopping) {
      await untilGone(worker.pid);
      await this.#leave();
      return;
    }
    this.#control.broadcast({ kind: "workers", pids: [] });
    if (worker.generation < 0) this.#starts.failed(worker.pid, how);
    this.#wake();
    const pauseMs = this.#pause.after(performance.now() - worker.startedAt);
    if (pauseMs === 0) this.#spawn();
    else setTimeout(() => this.#respawn(), pauseMs);
  }

  #respawn(): void {
    if (!this.#stopping && this.#worker === null) this.#spawn();
  }

  async #leave(): Promise<void> {
    await this.#control.close();
    process.exit(0);
  }
}

// Into proxy.log.
function tellFailure(error: unknown): void {
  logLine(`holder ${process.pid}: ${String(error)}`);
}
