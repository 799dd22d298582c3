import { createServer } from "node:net";
import { join } from "node:path";
import type { Heritage } from "../holder/heritage.ts";
import { TableFile } from "../holder/table-file.ts";
import { LineSocket } from "../line-socket.ts";
import { logLine } from "../log-line.ts";
import { forkPeer, type Peer, parentPeer } from "../peer.ts";
import { ownRecord } from "../process-record.ts";
import { inheritedFd, type ProcessSettings } from "../process-settings.ts";
import { ownEntry } from "../source-runtime.ts";
import { streamsWindowMs } from "../streams/stream-pace.ts";
import type { ProxyTable } from "../table.ts";
import { listenUnix, type UnixListener } from "../unix-listener.ts";
import {
  anyWorkerStarts,
  type Presence,
  workerSocketPath,
  workersSocketPath,
} from "../worker-sockets.ts";
import { DataPlane } from "./data-plane.ts";
import { clientsWithin, descriptorLimit } from "./descriptors.ts";
import { dial } from "./dial.ts";
import { Front } from "./front.ts";
import { FrontDoor } from "./front-door.ts";
import { HolderLink } from "./holder-link.ts";
import type { FromOpener, Introduction, LeaveOrder, ToWorker } from "./worker-protocol.ts";

const lookAgainMs = 20;
/** How long what was broken off gets to reach its client. */
const cutGraceMs = 1_000;
/** What a worker that is killed has counted since its last report is lost. */
const reportEveryMs = 100;
/** A worker that leaves and finds no holder for so long has nobody who could end it: it hurries. */
const abandonedAfterMs = 30_000;
const abandonedLeave: LeaveOrder = { lingerMs: 10_000, timeoutMs: 30_000 };

/**
 * One worker process: a data plane behind a front door, told what to do by the holder. When the
 * holder dies it goes on serving, looks for the next one, and starts it if it has to.
 */
export class Worker {
  readonly #settings: ProcessSettings;
  readonly #plane: DataPlane;
  readonly #door: FrontDoor;
  readonly #link: HolderLink;
  readonly #process = ownRecord();
  #presence: UnixListener | null = null;
  #beginning: Promise<void> | null = null;
  /** It accepts, by a table that it acknowledged. */
  #serves = false;
  /** The holder's, kept for its successor. */
  #heritage: Heritage | null = null;
  /** Of the first holder that it met: there its counts belong. */
  #epoch: string | null = null;
  #reported = "";
  #abandoned = false;
  #leave: { readonly idleUntil: number; readonly until: number } | null = null;

  constructor(settings: ProcessSettings) {
    this.#settings = settings;
    this.#plane = new DataPlane(
      settings.timeouts,
      dial,
      new Front({
        accessLog: join(settings.stateDir, "access.log"),
        mostClients: clientsWithin(descriptorLimit()),
      }),
    );
    this.#door = new FrontDoor(this.#plane);
    this.#link = new HolderLink({
      path: workersSocketPath(settings.socketPath),
      anotherStarts: () => anyWorkerStarts(settings.socketPath),
      rank: settings.slot,
      starterLives: () => process.connected,
      introduction: () => this.#introduction(),
      receive: (message) => void this.#handle(message),
      orphaned: (forMs) => this.#orphaned(forMs),
      startNext: () => this.#startHolder(),
    });
    void this.#start();
    setInterval(() => this.#report(), reportEveryMs);
  }

  async #start(): Promise<void> {
    // The holder cannot be met before somebody has the port; another one may be there.
    if (!this.#settings.inherits) {
      this.#beginning = this.#beginAlone();
      await this.#beginning;
    }
    await this.#link.seek();
  }

  async #handle(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case "begin":
        this.#beginning ??= this.#begin(message.table);
        return;
      case "table":
        this.#plane.apply(message.table);
        if (this.#serves) this.#acknowledge();
        return;
      case "heritage":
        this.#heritage = message.heritage;
        this.#epoch ??= message.heritage.ledger.epoch;
        this.#link.rank = message.rank;
        this.#link.met(message.holderPid);
        return;
      case "status":
        this.#link.tell({ kind: "status", id: message.id, status: this.#plane.status() });
        return;
      case "cut":
        this.#link.tell({ kind: "cut", id: message.id, count: this.#plane.cut(message.replicaId) });
        return;
      case "leave":
        await this.#goWithin(message);
    }
  }

  async #begin(table: ProxyTable | null): Promise<void> {
    if (table !== null) this.#plane.apply(table);
    // Who has the socket shows itself first: whoever is served finds somebody there. Who has not may be one too many.
    if (this.#settings.inherits) await this.#showPresence();
    await this.#listen();
    if (!this.#settings.inherits) await this.#showPresence();
    this.#serves = true;
    this.#acknowledge();
    // It was told to while it began.
    if (this.#leave !== null) this.#door.close();
  }

  /** Does not return when it cannot: nobody needs such a worker. */
  async #listen(): Promise<void> {
    const { host, port, inherits } = this.#settings;
    try {
      if (inherits) await this.#door.adopt(inheritedFd);
      else await this.#door.open(host, port);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN";
      const message: FromOpener = { kind: "openFailed", code, message: String(error) };
      await new Promise(() => parentPeer().send(message, null, () => process.exit(1)));
    }
    if (!inherits) {
      const message: FromOpener = { kind: "opened", port: this.#door.port };
      parentPeer().send(message, this.#door.handle);
    }
  }

  /** Whoever finds no holder sees there that one will come. */
  async #showPresence(): Promise<void> {
    const { socketPath, slot } = this.#settings;
    const server = createServer((socket) => {
      const presence: Presence = { starting: this.#link.starting };
      const asker = new LineSocket(socket);
      asker.send(presence);
      asker.end();
    });
    try {
      this.#presence = await listenUnix(server, workerSocketPath(socketPath, slot));
    } catch (error) {
      logLine(`worker ${process.pid}: ${String(error)}`);
    }
  }

  #introduction(): Introduction {
    const { slot, term } = this.#settings;
    return {
      kind: "here",
      process: this.#process,
      slot,
      term,
      begun: this.#beginning !== null,
      serves: this.#serves,
      leaving: this.#leave !== null,
      table: this.#plane.table,
      counts: this.#counts(),
      epoch: this.#epoch,
    };
  }

  /** The holder is gone: serve on. */
  async #orphaned(forMs: number): Promise<void> {
    if (this.#leave === null) {
      this.#beginning ??= this.#beginAlone();
      await this.#beginning;
    } else if (forMs > abandonedAfterMs && !this.#abandoned) {
      this.#abandoned = true;
      void this.#goWithin(abandonedLeave);
    }
  }

  // Nobody has said a word yet.
  async #beginAlone(): Promise<void> {
    const { table } = await new TableFile(this.#settings.stateDir).read();
    await this.#begin(table);
  }

  /** Null without the listening socket: only who has that may. */
  #startHolder(): Peer | null {
    const { fd, port } = this.#door;
    if (fd === null) return null;
    const heritage = this.#heritage;
    const { workers, term } = heritage ?? this.#settings;
    return forkPeer({
      entry: ownEntry("holder/holder-main"),
      settings: { ...this.#settings, port, workers, term, upgrades: false, inherits: true },
      listeningFd: fd,
      detached: true,
      input: { table: this.#plane.table, heritage },
    });
  }

  /** Stops accepting, says `Connection: close` with every answer and ends when all are gone. */
  async #goWithin({ lingerMs, timeoutMs }: LeaveOrder): Promise<void> {
    const now = performance.now();
    const leaves = this.#leave !== null;
    this.#leave = { idleUntil: now + lingerMs, until: now + timeoutMs };
    this.#plane.drainStreams(null, streamsWindowMs(timeoutMs));
    if (leaves) return;
    this.#plane.leaving = true;
    this.#door.close();
    await this.#presence?.remove();
    await this.#untilNobody(() => this.#leave?.until ?? 0);
    this.#plane.cut(null);
    const until = performance.now() + cutGraceMs;
    await this.#untilNobody(() => until);
    await this.#plane.front.close();
    const last = { kind: "traffic", counts: this.#counts(), last: true } as const;
    this.#link.tell(last, () => process.exit(0));
  }

  /** No client is left, or the time is up. */
  async #untilNobody(until: () => number): Promise<void> {
    const { clients } = this.#plane;
    while (clients.size > 0 && performance.now() < until()) {
      if (performance.now() >= (this.#leave?.idleUntil ?? 0)) {
        for (const client of clients) client.endIfIdle();
      }
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  #report(): void {
    const counts = this.#counts();
    const text = JSON.stringify(counts);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#link.tell({ kind: "traffic", counts, last: false });
  }

  #counts() {
    return { totals: this.#plane.traffic.totals(), revisions: this.#plane.revisions };
  }

  #acknowledge(): void {
    this.#link.tell({ kind: "inForce", generation: this.#plane.generation });
  }
}
