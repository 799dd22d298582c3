import { type ChildProcess, fork } from "node:child_process";
import { noTraffic, type TrafficTotals } from "@hitless/core";
import { entryPath, nodeArguments } from "../source-runtime.ts";
import type { PlaneStatus } from "../worker/data-plane.ts";
import { isSendable } from "../worker/worker.ts";
import { type FromWorker, isFromWorker, type ToWorker } from "../worker/worker-protocol.ts";

/** What the holder wants to hear of a worker. */
export interface WorkerEvents {
  opened(port: number, handle: unknown): void;
  openFailed(code: string, message: string): void;
  inForce(): void;
  exited(worker: WorkerProcess): void;
  /** After `exited`: all that it said before was heard. */
  silent(worker: WorkerProcess): void;
}

interface Pending {
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: Error) => void;
}

/** One worker as the holder sees it. */
export class WorkerProcess {
  /** 0 when it could not be started; `exited` follows. */
  readonly pid: number;
  readonly startedAt = performance.now();
  /** The generation that it acknowledged last; -1 before it serves. */
  generation = -1;
  traffic: TrafficTotals = noTraffic;
  #saidLast = false;
  readonly #child: ChildProcess | null;
  readonly #events: WorkerEvents;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #dead = false;

  constructor(events: WorkerEvents) {
    this.#events = events;
    const child = forked();
    this.#child = child;
    this.pid = child?.pid ?? 0;
    if (child === null) {
      setImmediate(() => this.#exited());
      return;
    }
    child.on("message", (message: unknown, handle: unknown) => {
      if (isFromWorker(message)) this.#receive(message, handle);
    });
    child.on("error", (error) => {
      // What was never started does not exit either.
      if (child.pid !== undefined) return;
      tellFailure(error);
      this.#exited();
    });
    child.on("exit", () => this.#exited());
    // The channel is read to its end first; `exit` may come before that.
    child.on("disconnect", () => this.#events.silent(this));
  }

  /** Whether `traffic` is all that it counted. */
  get complete(): boolean {
    return this.#saidLast || this.generation < 0;
  }

  /** Tells the worker; a worker that just died is replaced, and its successor told anew. */
  tell(message: ToWorker, handle?: unknown): void {
    if (this.#child?.connected !== true) return;
    this.#child.send(message, isSendable(handle) ? handle : undefined, {}, () => undefined);
  }

  async status(): Promise<PlaneStatus> {
    const answer = await this.#ask((id) => ({ kind: "status", id }));
    if (answer.kind !== "status") throw new Error(`worker answered ${answer.kind}`);
    return answer.status;
  }

  async cut(replicaId: string): Promise<number> {
    const answer = await this.#ask((id) => ({ kind: "cut", id, replicaId }));
    return answer.kind === "cut" ? answer.count : 0;
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  #ask(message: (id: number) => ToWorker): Promise<FromWorker> {
    if (this.#dead) return Promise.reject(new Error("the worker died"));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.tell(message(id));
    });
  }

  #receive(message: FromWorker, handle: unknown): void {
    switch (message.kind) {
      case "opened":
        this.#events.opened(message.port, handle);
        return;
      case "openFailed":
        this.#events.openFailed(message.code, message.message);
        return;
      case "inForce":
        this.generation = message.generation;
        this.#events.inForce();
        return;
      case "traffic":
        this.traffic = message.totals;
        this.#saidLast = message.last;
        return;
      default: {
        if (message.kind === "status") this.traffic = message.status.traffic;
        const pending = this.#pending.get(message.id);
        this.#pending.delete(message.id);
        pending?.resolve(message);
      }
    }
  }

  #exited(): void {
    this.#dead = true;
    for (const pending of this.#pending.values()) pending.reject(new Error("the worker died"));
    this.#pending.clear();
    this.#events.exited(this);
  }
}

/** Null when the system refuses in a way that Node reports by throwing. */
function forked(): ChildProcess | null {
  try {
    return fork(entryPath("worker/worker-main"), [], {
      execArgv: nodeArguments(),
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  } catch (error) {
    tellFailure(error);
    return null;
  }
}

// Into proxy.log.
function tellFailure(error: unknown): void {
  process.stderr.write(`holder ${process.pid}: no worker could be started: ${String(error)}\n`);
}
