import type { Server } from "node:net";
import { DataPlane } from "./data-plane.ts";
import { FrontDoor } from "./front-door.ts";
import type { FromWorker, ToWorker } from "./worker-protocol.ts";

/** Without a successor, idle clients get this long to use their connection once more. */
const lingerMs = 1_000;
/** What may still be in flight when the holder died. */
const orphanTimeoutMs = 5_000;
const lookAgainMs = 20;
/** What a worker that is killed has counted since its last report is lost. */
const reportEveryMs = 100;

type Begin = Extract<ToWorker, { kind: "begin" }>;
/** Calls back once it is on its way, or the holder is gone. */
type Tell = (message: FromWorker, handle?: unknown, sent?: () => void) => void;

/** One worker process: a data plane behind a front door, told what to do by the holder. */
export class Worker {
  readonly #plane: DataPlane;
  readonly #door: FrontDoor;
  readonly #tell: Tell;
  #leaving = false;
  #reported = "";

  constructor(begin: Begin, tell: Tell) {
    this.#plane = new DataPlane(begin.timeouts);
    this.#door = new FrontDoor(this.#plane);
    this.#tell = tell;
    if (begin.table !== null) this.#plane.apply(begin.table);
    setInterval(() => this.#report(), reportEveryMs);
  }

  async handle(message: ToWorker, handle: unknown): Promise<void> {
    switch (message.kind) {
      case "begin":
        return;
      case "open":
        await this.#open(message.host, message.port);
        return;
      case "adopt":
        await this.#door.adopt(handle);
        this.#acknowledge();
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
        await this.leave(message.timeoutMs);
    }
  }

  /** The holder is gone: finish what is in flight, then end. */
  async orphaned(): Promise<void> {
    await this.leave(orphanTimeoutMs);
  }

  /** Stops accepting, says `Connection: close` with every answer and resolves when all are gone. */
  async leave(timeoutMs: number): Promise<void> {
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
    this.#plane.cut(null);
    const totals = this.#plane.traffic.totals();
    this.#tell({ kind: "traffic", totals, last: true }, undefined, () => process.exit(0));
  }

  #report(): void {
    const totals = this.#plane.traffic.totals();
    const text = JSON.stringify(totals);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#tell({ kind: "traffic", totals, last: false });
  }

  async #open(host: string, port: number): Promise<void> {
    try {
      await this.#door.open(host, port);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN";
      this.#tell({ kind: "openFailed", code, message: String(error) });
      return;
    }
    this.#tell({ kind: "opened", port: this.#door.port }, this.#door.handle);
    this.#acknowledge();
  }

  #acknowledge(): void {
    const { generation, ruleGeneration } = this.#plane.status();
    this.#tell({ kind: "inForce", generation, ruleGeneration });
  }
}

/** A raw listening handle travels over IPC like a server, which is all the types know of. */
export function isSendable(handle: unknown): handle is Server {
  return typeof handle === "object" && handle !== null;
}
