import { ownBuild } from "../build.ts";
import type { ControlMessage, ControlRequest } from "../control-protocol.ts";
import { protocolVersion } from "../control-protocol.ts";
import { LineServer } from "../line-server.ts";
import { inheritedSocket, receivedSocket } from "../listening-socket.ts";
import { logLine } from "../log-line.ts";
import type { ProcessSettings } from "../process-settings.ts";
import type { Entry } from "../source-runtime.ts";
import { workersSocketPath } from "../worker-sockets.ts";
import { type ControlHandler, ControlServer } from "./control-server.ts";
import { Crew } from "./crew.ts";
import { readHandover } from "./heritage.ts";
import { startSuccessor } from "./successor.ts";
import { TableKeeper } from "./table-keeper.ts";

/** Without a successor, idle clients get at most this long to use their connection once more. */
const stopLingerMs = 1_000;
/** How long clients of the control socket get to read what they were told last, ms. */
const leaveWithinMs = 2_000;
/** Beyond the time that workers were given to leave. */
const killGraceMs = 2_000;

/** The port could not be bound; `code` is the system's. */
export class BindError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Owns the listening socket and the last table, and sees to it that workers serve. It never
 * listens itself: a Node process that listens also accepts, and would swallow connections.
 */
export class Holder implements ControlHandler {
  readonly #settings: ProcessSettings;
  readonly #tables: TableKeeper;
  readonly #crew: Crew;
  readonly #control: ControlServer;
  /** Where workers connect. */
  readonly #desk: LineServer;
  #stopping = false;
  #upgrading: Promise<void> | null = null;
  #gaveWay = false;
  #onOpened: ((failure: BindError | null) => void) | null = null;

  constructor(settings: ProcessSettings) {
    this.#settings = settings;
    this.#crew = new Crew({
      settings,
      table: () => this.#tables.table,
      newerTable: (table) => this.#tables.adopt(table),
      opened: (port, handle) => this.#opened(port, handle),
      openFailed: (code, message) => this.#onOpened?.(new BindError(code, message)),
      changed: (pids) => this.#control.broadcast({ kind: "workers", pids }),
    });
    this.#tables = new TableKeeper(settings.stateDir, (table) => this.#crew.tellTable(table));
    const taken = () => {
      if (this.#upgrading !== null || this.#gaveWay || this.#stopping) return;
      logLine(`holder ${process.pid}: another one has taken over`);
      this.#giveWay();
    };
    this.#control = new ControlServer({ path: settings.socketPath, handler: this, taken });
    this.#desk = new LineServer({
      path: workersSocketPath(settings.socketPath),
      serve: (socket) => this.#crew.admit(socket),
      taken,
    });
  }

  /**
   * Resolves with the real port once the control socket answers and all workers serve, or those that
   * start. A holder that comes with the listening socket takes over the workers that serve on it.
   */
  async start(): Promise<number> {
    if (this.#settings.inherits) {
      await this.#succeed();
      await this.#crew.served();
    } else {
      await this.#open();
      await this.#crew.settled();
    }
    return this.#crew.port;
  }

  async #open(): Promise<void> {
    await this.#tables.open(null);
    await new Promise<void>((resolve, reject) => {
      this.#onOpened = (failure) => (failure === null ? resolve() : reject(failure));
      this.#crew.open();
    });
    try {
      await this.#control.listen();
    } catch (error) {
      // A worker of its own would start the next holder, which could not be commanded either.
      this.#crew.killAll();
      throw error;
    }
    await this.#desk.listen();
    this.#crew.tend();
  }

  async #succeed(): Promise<void> {
    const { table, heritage } = await readHandover();
    await this.#tables.open(table);
    this.#crew.socket = inheritedSocket();
    if (heritage !== null) this.#crew.inherit(heritage.ledger);
    const { upgrades } = this.#settings;
    await this.#control.listen(upgrades);
    await this.#desk.listen();
    this.#crew.tend();
    // Until then the holder before commands them, and takes back what this one has should it fail.
    if (upgrades) await this.#crew.completed();
    this.#crew.expectAll();
  }

  /**
   * Starts the next holder from that entry, and gives way to it once its own workers serve. When they
   * do not, this one goes on, and that rejects with why.
   */
  async #upgrade(entry: Entry): Promise<void> {
    const { socket, port, heritage } = this.#crew;
    if (socket === null || this.#stopping) throw new Error("there is nothing to hand over");
    this.#crew.freeze();
    await this.#tables.settled();
    try {
      await startSuccessor({
        entry,
        settings: {
          ...this.#settings,
          port,
          workers: heritage.workers,
          term: heritage.term + 1,
          upgrades: true,
          inherits: true,
        },
        listeningFd: socket.fd,
        handover: { table: this.#tables.table, heritage: this.#crew.heritage },
      });
    } catch (error) {
      await this.#control.retake();
      await this.#desk.retake();
      this.#crew.thaw();
      throw error;
    }
    this.#gaveWay = true;
    // The one who asked is answered first.
    setImmediate(() => this.#giveWay());
  }

  hello(): ControlMessage {
    return {
      kind: "hello",
      protocol: protocolVersion,
      holderPid: process.pid,
      port: this.#crew.port,
      build: ownBuild(),
      workers: this.#crew.wanted,
      worker: this.#crew.state,
    };
  }

  async answer(request: ControlRequest): Promise<ControlMessage> {
    const { id } = request;
    // What is told to one of two holders does not reach the workers of the other.
    await this.#upgrading?.catch(() => undefined);
    // The connection ends, and who asked asks the next one.
    if (this.#gaveWay) return new Promise(() => undefined);
    switch (request.kind) {
      case "apply":
        await this.#tables.install(request.table);
        await this.#crew.acknowledged(request.table.generation);
        return { kind: "done", id };
      case "status":
        return this.#statusAnswer(id);
      case "cut":
        return { kind: "count", id, count: await this.#crew.cut(request.replicaId) };
      case "workers":
        this.#crew.resize(request.count);
        return { kind: "done", id };
      case "upgrade":
        this.#upgrading = this.#upgrade(request.entry);
        await this.#upgrading.finally(() => {
          this.#upgrading = null;
        });
        return { kind: "done", id };
      case "stop":
        this.stop(request.timeoutMs);
        return { kind: "done", id };
    }
  }

  /** Stops accepting and lets what is in flight finish; the process exits when the workers did. */
  stop(timeoutMs: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    // Connections that nobody would accept any more have to be refused.
    this.#crew.socket?.close();
    const lingerMs = Math.min(stopLingerMs, timeoutMs / 2);
    const gone = this.#crew.stop({ lingerMs, timeoutMs }, timeoutMs + killGraceMs);
    // The one who asked is answered first.
    setImmediate(() => void gone.then(() => this.#leave()));
  }

  async #statusAnswer(id: number): Promise<ControlMessage> {
    const workers = await this.#crew.statuses();
    this.#crew.share();
    const { traffic, revisions } = this.#crew.ledger.view();
    return { kind: "status", id, holderPid: process.pid, workers, traffic, revisions };
  }

  #opened(port: number, handle: unknown): void {
    this.#crew.socket = receivedSocket(handle);
    this.#crew.port = port;
    this.#onOpened?.(null);
  }

  /** Another holder answers: whoever has the control socket is the one. */
  #giveWay(): void {
    this.#gaveWay = true;
    this.#crew.release();
    void this.#leave();
  }

  async #leave(): Promise<void> {
    // A client that is stopped reads nothing, and workers must not take this process for a holder meanwhile.
    setTimeout(() => process.exit(0), leaveWithinMs);
    await this.#control.close();
    await this.#desk.close();
    process.exit(0);
  }
}
