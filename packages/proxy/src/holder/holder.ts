import type { ControlMessage, ControlRequest, WorkerStatus } from "../control-protocol.ts";
import { protocolVersion } from "../control-protocol.ts";
import { type ProxyTable, readTable } from "../table.ts";
import type { ProxyTimeouts } from "../timeouts.ts";
import { type ControlHandler, ControlServer } from "./control-server.ts";
import { TableFile } from "./table-file.ts";
import { TrafficLedger } from "./traffic-ledger.ts";
import { watchWorker } from "./watch-worker.ts";
import { WorkerProcess } from "./worker-process.ts";

/** What a holder is started with. */
export interface HolderSettings {
  readonly stateDir: string;
  readonly socketPath: string;
  readonly host: string;
  readonly port: number;
  readonly timeouts: ProxyTimeouts;
}

/** A worker that lived shorter than this is replaced after a pause. */
const shortLifeMs = 1_000;
const firstPauseMs = 50;
const longestPauseMs = 2_000;
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
  readonly #settings: HolderSettings;
  readonly #file: TableFile;
  readonly #control: ControlServer;
  readonly #ledger = new TrafficLedger();
  #table: ProxyTable | null = null;
  #worker: WorkerProcess | null = null;
  #handle: unknown = null;
  #port = 0;
  #pauseMs = 0;
  #stopping = false;
  #persisting: Promise<void> = Promise.resolve();
  #waiters: (() => void)[] = [];
  #onOpened: ((failure: BindError | null) => void) | null = null;

  constructor(settings: HolderSettings) {
    this.#settings = settings;
    this.#file = new TableFile(settings.stateDir);
    this.#control = new ControlServer(settings.socketPath, this);
  }

  /** Resolves with the real port once a worker listens and the control socket answers. */
  async start(): Promise<number> {
    this.#table = await this.#file.read();
    const opened = new Promise<void>((resolve, reject) => {
      this.#onOpened = (failure) => (failure === null ? resolve() : reject(failure));
    });
    this.#spawn();
    await opened;
    await this.#control.listen();
    return this.#port;
  }

  hello(): ControlMessage {
    return {
      kind: "hello",
      protocol: protocolVersion,
      holderPid: process.pid,
      port: this.#port,
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
    closeHandle(this.#handle);
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
    await this.#file.write(table);
    this.#table = table;
    this.#worker?.tell({ kind: "table", table });
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
    await this.#until(() => (this.#worker?.generation ?? -1) >= 0);
    if (this.#worker === null) throw new Error("no worker serves");
    return this.#worker;
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
    const { host, port, timeouts } = this.#settings;
    const worker = new WorkerProcess({
      opened: (realPort, handle) => this.#opened(realPort, handle),
      openFailed: (code, message) => this.#onOpened?.(new BindError(code, message)),
      inForce: () => this.#wake(),
      exited: (dead) => this.#exited(dead),
      silent: (dead) => this.#ledger.end(dead),
    });
    this.#ledger.add(worker);
    this.#worker = worker;
    worker.tell({ kind: "begin", timeouts, table: this.#table });
    if (this.#handle === null) worker.tell({ kind: "open", host, port });
    else worker.tell({ kind: "adopt" }, this.#handle);
    watchWorker(worker, timeouts.workerAnswerMs);
    if (worker.pid > 0) this.#control.broadcast({ kind: "workers", pids: [worker.pid] });
  }

  #opened(port: number, handle: unknown): void {
    this.#handle = handle;
    this.#port = port;
    this.#onOpened?.(null);
  }

  #exited(worker: WorkerProcess): void {
    this.#worker = null;
    // What was never started has no channel to fall silent.
    if (worker.pid === 0) this.#ledger.end(worker);
    if (this.#stopping) {
      void this.#leave();
      return;
    }
    this.#control.broadcast({ kind: "workers", pids: [] });
    const shortLived = performance.now() - worker.startedAt < shortLifeMs;
    this.#pauseMs = shortLived
      ? Math.min(longestPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2))
      : 0;
    if (this.#pauseMs === 0) this.#spawn();
    else setTimeout(() => this.#respawn(), this.#pauseMs);
  }

  #respawn(): void {
    if (!this.#stopping && this.#worker === null) this.#spawn();
  }

  async #leave(): Promise<void> {
    await this.#control.close();
    process.exit(0);
  }
}

function closeHandle(handle: unknown): void {
  if (typeof handle !== "object" || handle === null) return;
  const close: unknown = Reflect.get(handle, "close");
  if (typeof close === "function") Reflect.apply(close, handle, []);
}
