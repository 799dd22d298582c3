import { noTraffic, type TrafficTotals } from "@hitless/core";
import type { Peer } from "../peer.ts";
import type { ByRevision, PlaneStatus } from "../worker/data-plane.ts";
import { type FromWorker, isFromWorker, type ToWorker } from "../worker/worker-protocol.ts";

/** What the holder wants to hear of a worker. */
export interface WorkerEvents {
  opened(port: number, handle: unknown): void;
  openFailed(code: string, message: string): void;
  /** It serves already. */
  takenOver(from: TakeOver): void;
  inForce(): void;
  /** All that it said before was heard; `how` it ended, in words. */
  exited(worker: WorkerProcess, how: string): void;
}

/** What a worker tells the holder that it started. */
export type TakeOver = Extract<FromWorker, { kind: "takeOver" }>;

interface Pending {
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: Error) => void;
}

/** One worker as the holder sees it. */
export class WorkerProcess {
  readonly startedAt = performance.now();
  /** The generation that it acknowledged last; -1 before it serves. */
  generation = -1;
  traffic: TrafficTotals = noTraffic;
  revisions: ByRevision = {};
  #saidLast = false;
  readonly #peer: Peer;
  readonly #events: WorkerEvents;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #dead = false;

  constructor(peer: Peer, events: WorkerEvents) {
    this.#peer = peer;
    this.#events = events;
    peer.onMessage((message, handle) => {
      if (isFromWorker(message)) this.#receive(message, handle);
    });
    peer.onGone((how) => this.#exited(how));
  }

  /** 0 when it could not be started; `exited` follows. */
  get pid(): number {
    return this.#peer.pid;
  }

  /** Whether `traffic` is all that it counted. */
  get complete(): boolean {
    return this.#saidLast || this.generation < 0;
  }

  /** Tells the worker; a worker that just died is replaced, and its successor told anew. */
  tell(message: ToWorker): void {
    this.#peer.send(message);
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
    this.#peer.kill();
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
      case "takeOver":
        this.generation = message.table?.generation ?? 0;
        this.#note(message.totals, message.revisions);
        this.#events.takenOver(message);
        return;
      case "inForce":
        this.generation = message.generation;
        this.#events.inForce();
        return;
      case "traffic":
        this.#note(message.totals, message.revisions);
        this.#saidLast = message.last;
        return;
      default: {
        if (message.kind === "status") this.#note(message.status.traffic, message.status.revisions);
        const pending = this.#pending.get(message.id);
        this.#pending.delete(message.id);
        pending?.resolve(message);
      }
    }
  }

  #note(traffic: TrafficTotals, revisions: ByRevision): void {
    this.traffic = traffic;
    this.revisions = revisions;
  }

  #exited(how: string): void {
    this.#dead = true;
    for (const pending of this.#pending.values()) pending.reject(new Error("the worker died"));
    this.#pending.clear();
    this.#events.exited(this, how);
  }
}
