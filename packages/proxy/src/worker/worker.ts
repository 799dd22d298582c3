import { createServer } from "node:net";
import { TableFile } from "../holder/table-file.ts";
import type { LedgerState } from "../holder/traffic-ledger.ts";
import { logLine } from "../log-line.ts";
import { forkPeer, type Peer } from "../peer.ts";
import { inheritedFd, type ProcessSettings, workerSocketPath } from "../process-settings.ts";
import { RestartPause } from "../restart-pause.ts";
import type { ProxyTable } from "../table.ts";
import { listenUnix, type UnixListener } from "../unix-listener.ts";
import { DataPlane } from "./data-plane.ts";
import { FrontDoor } from "./front-door.ts";
import { type FromWorker, isToWorker, type ToWorker } from "./worker-protocol.ts";

/** Without a successor, idle clients get this long to use their connection once more. */
const lingerMs = 1_000;
const lookAgainMs = 20;
/** What a worker that is killed has counted since its last report is lost. */
const reportEveryMs = 100;

/**
 * One worker process: a data plane behind a front door, told what to do by the holder. When the
 * holder dies it goes on serving and starts the next one from its own descriptor.
 */
export class Worker {
  readonly #settings: ProcessSettings;
  readonly #plane: DataPlane;
  readonly #door: FrontDoor;
  readonly #pause = new RestartPause();
  #holder: Peer;
  #presence: UnixListener | null = null;
  #beginning: Promise<void> | null = null;
  /** The holder's, kept for its successor. */
  #ledger: LedgerState | null = null;
  #reported = "";
  #leaving = false;

  constructor(settings: ProcessSettings, holder: Peer) {
    this.#settings = settings;
    this.#plane = new DataPlane(settings.timeouts);
    this.#door = new FrontDoor(this.#plane);
    this.#holder = holder;
    this.#obey(holder);
    setInterval(() => this.#report(), reportEveryMs);
  }

  #obey(holder: Peer): void {
    const since = performance.now();
    this.#holder = holder;
    holder.onMessage((message) => {
      if (isToWorker(message)) void this.#handle(message);
    });
    holder.onGone(() => void this.#orphaned(performance.now() - since));
  }

  async #handle(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case "begin":
        this.#ledger = message.ledger;
        this.#plane.resume(message.revisions);
        this.#beginning ??= this.#begin(message.table);
        return;
      case "table":
        this.#plane.apply(message.table);
        this.#acknowledge();
        return;
      case "status":
        this.#tell({ kind: "status", id: message.id, status: this.#plane.status() });
        return;
      case "cut":
        this.#tell({ kind: "cut", id: message.id, count: this.#plane.cut(message.replicaId) });
        return;
      case "stop":
        await this.#leave(message.timeoutMs);
    }
  }

  async #begin(table: ProxyTable | null): Promise<void> {
    if (table !== null) this.#plane.apply(table);
    // Who has the socket shows itself first: whoever is served finds somebody there. Who has not may be one too many.
    if (this.#settings.inherits) await this.#showPresence();
    if (!(await this.#listen())) return;
    if (!this.#settings.inherits) await this.#showPresence();
    this.#acknowledge();
  }

  async #listen(): Promise<boolean> {
    const { host, port, inherits } = this.#settings;
    try {
      if (inherits) await this.#door.adopt(inheritedFd);
      else await this.#door.open(host, port);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN";
      this.#tell({ kind: "openFailed", code, message: String(error) });
      return false;
    }
    if (!inherits) this.#tell({ kind: "opened", port: this.#door.port }, this.#door.handle);
    return true;
  }

  /** Whoever finds no holder sees there that one will come. */
  async #showPresence(): Promise<void> {
    const server = createServer((socket) => socket.destroy());
    try {
      this.#presence = await listenUnix(server, workerSocketPath(this.#settings.socketPath));
    } catch (error) {
      logLine(`worker ${process.pid}: ${String(error)}`);
    }
  }

  /** The holder is gone: serve on, and start the next one. Who never served ends. */
  async #orphaned(holderLivedMs: number): Promise<void> {
    if (this.#leaving) return;
    if (this.#settings.inherits) this.#beginning ??= this.#beginAlone();
    await this.#beginning;
    if (this.#door.fd === null) process.exit(0);
    setTimeout(() => this.#startHolder(), this.#pause.after(holderLivedMs));
  }

  // The holder died before it could say a word.
  async #beginAlone(): Promise<void> {
    const { table } = await new TableFile(this.#settings.stateDir).read();
    await this.#begin(table);
  }

  #startHolder(): void {
    const { fd, port } = this.#door;
    if (fd === null) return;
    const settings = { ...this.#settings, port, inherits: true };
    const entry = "holder/holder-main";
    const holder = forkPeer({ entry, settings, listeningFd: fd, detached: true });
    this.#obey(holder);
    const { table } = this.#plane;
    this.#tell({ kind: "takeOver", table, ledger: this.#ledger, ...this.#counts() });
  }

  /** Stops accepting, says `Connection: close` with every answer and ends when all are gone. */
  async #leave(timeoutMs: number): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#plane.leaving = true;
    this.#door.close();
    const started = performance.now();
    while (this.#plane.clients.size > 0 && performance.now() - started < timeoutMs) {
      if (performance.now() - started >= Math.min(lingerMs, timeoutMs / 2)) {
        for (const client of this.#plane.clients) client.endIfIdle();
      }
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
    await this.#presence?.remove();
    this.#plane.cut(null);
    const last = { kind: "traffic", ...this.#counts(), last: true } as const;
    this.#holder.send(last, null, () => process.exit(0));
  }

  #report(): void {
    const counts = this.#counts();
    const text = JSON.stringify(counts);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#tell({ kind: "traffic", ...counts, last: false });
  }

  #counts() {
    return { totals: this.#plane.traffic.totals(), revisions: this.#plane.revisions };
  }

  #acknowledge(): void {
    const { generation, ruleGeneration } = this.#plane.status();
    this.#tell({ kind: "inForce", generation, ruleGeneration });
  }

  #tell(message: FromWorker, handle?: unknown): void {
    this.#holder.send(message, handle);
  }
}
