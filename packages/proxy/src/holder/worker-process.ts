import { type Counts, noCounts } from "../counts.ts";
import type { LineSocket } from "../line-socket.ts";
import type { Peer } from "../peer.ts";
import { isRunning, killRecorded } from "../process-record.ts";
import type { ProxyTable } from "../table.ts";
import type { PlaneStatus } from "../worker/data-plane.ts";
import {
  type FromWorker,
  type Introduction,
  isFromOpener,
  isFromWorker,
  type LeaveOrder,
  type ToWorker,
} from "../worker/worker-protocol.ts";
import type { WorkerRecord } from "./traffic-ledger.ts";

const lookAgainMs = 20;

/** What the holder wants to hear of a worker. */
export interface WorkerEvents {
  opened(port: number, handle: unknown): void;
  openFailed(code: string, message: string): void;
  /** It has connected. */
  linked(worker: WorkerProcess, here: Introduction): void;
  inForce(worker: WorkerProcess): void;
  /** All that it said before was heard; `how` it ended, in words. */
  exited(worker: WorkerProcess, how: string): void;
}

/** How a worker came to this holder. */
export type Origin =
  | { readonly kind: "child"; readonly peer: Peer; readonly slot: number; readonly term: number }
  /** Another holder started it. */
  | { readonly kind: "known"; readonly record: WorkerRecord; readonly counts: Counts };

interface Pending {
  readonly message: ToWorker;
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: Error) => void;
}

/** One worker as the holder sees it: started, or taken over; then linked, until it is gone. */
export class WorkerProcess {
  readonly startedAt = performance.now();
  readonly slot: number;
  readonly term: number;
  /** The generation that it acknowledged last; -1 before it serves. */
  generation = -1;
  /** It may accept, by whatever table: what it has not acknowledged is not in force. */
  begun: boolean;
  leaving: boolean;
  counts: Counts;
  record: WorkerRecord | null;
  #saidLast = false;
  readonly #child: Peer | null;
  readonly #events: WorkerEvents;
  readonly #pending = new Map<number, Pending>();
  #link: LineSocket | null = null;
  #nextId = 1;
  #dead = false;
  /** The child has exited. */
  #ended: string | null = null;

  constructor(origin: Origin, events: WorkerEvents) {
    this.#events = events;
    this.#child = origin.kind === "child" ? origin.peer : null;
    this.record = origin.kind === "known" ? origin.record : null;
    const { slot, term } = origin.kind === "known" ? origin.record : origin;
    this.slot = slot;
    this.term = term;
    this.begun = origin.kind === "known";
    this.leaving = origin.kind === "known" && origin.record.leaving;
    this.counts = origin.kind === "known" ? origin.counts : noCounts;
    this.#child?.onMessage((message, handle) => {
      if (!isFromOpener(message)) return;
      if (message.kind === "opened") events.opened(message.port, handle);
      else events.openFailed(message.code, message.message);
    });
    this.#child?.onGone((how) => {
      this.#ended = how;
      if (this.#link === null) this.#exited(how);
    });
  }

  /** 0 when it could not be started; `exited` follows. */
  get pid(): number {
    return this.#child?.pid ?? this.record?.process.pid ?? 0;
  }

  /** It has acknowledged a table, of whatever holder. */
  get serves(): boolean {
    return this.generation >= 0;
  }

  /** Another holder started it. */
  get isKnown(): boolean {
    return this.#child === null;
  }

  /** Whether `counts` is all that it counted. */
  get complete(): boolean {
    return this.#saidLast || (this.#child !== null && !this.serves);
  }

  /** It has connected to this holder. */
  link(socket: LineSocket, here: Introduction): void {
    this.#link = socket;
    this.leaving ||= here.leaving;
    const { process, slot, term } = here;
    this.record = { process, slot, term, leaving: this.leaving };
    this.begun = here.begun;
    this.counts = here.counts;
    this.generation = here.serves ? (here.table?.generation ?? 0) : -1;
    socket.onMessage((message) => {
      if (isFromWorker(message)) this.#receive(message);
    });
    void socket.closed.then(() => this.#unlinked());
    for (const { message } of this.#pending.values()) this.tell(message);
    this.#events.linked(this, here);
  }

  /** One of another holder, which has to connect to this one now: it is ended after `withinMs`, 0: never. */
  async expect(withinMs: number): Promise<void> {
    const since = performance.now();
    while (this.#link === null && !this.#dead) {
      const { record } = this;
      if (record === null || !isRunning(record.process)) return this.#exited("ended");
      if (withinMs > 0 && performance.now() - since > withinMs) this.kill();
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  /** Lost while it is not linked: it is told all that counts when it comes. */
  tell(message: ToWorker): void {
    this.#link?.send(message);
  }

  /** Lets it accept. */
  begin(table: ProxyTable | null): void {
    this.begun = true;
    this.tell({ kind: "begin", table });
  }

  leave(order: LeaveOrder): void {
    this.leaving = true;
    if (this.record !== null) this.record = { ...this.record, leaving: true };
    this.tell({ kind: "leave", ...order });
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
    if (this.#child !== null) this.#child.kill();
    else if (this.record !== null) killRecorded(this.record.process);
  }

  /** Lets it go to another holder. */
  release(): void {
    this.#link?.end();
  }

  #ask(message: (id: number) => ToWorker): Promise<FromWorker> {
    if (this.#dead) return Promise.reject(new Error("the worker died"));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { message: message(id), resolve, reject });
      this.tell(message(id));
    });
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case "inForce":
        this.generation = message.generation;
        this.#events.inForce(this);
        return;
      case "traffic":
        this.counts = message.counts;
        this.#saidLast = message.last;
        return;
      case "here":
        return;
      case "status":
      case "cut":
        if (message.kind === "status") {
          const { traffic: totals, revisions } = message.status;
          this.counts = { totals, revisions };
        }
        this.#pending.get(message.id)?.resolve(message);
        this.#pending.delete(message.id);
    }
  }

  #unlinked(): void {
    this.#link = null;
    if (this.#ended !== null) this.#exited(this.#ended);
    // A child's exit is still to come.
    else if (this.#child === null) void this.expect(0);
  }

  #exited(how: string): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const pending of this.#pending.values()) pending.reject(new Error("the worker died"));
    this.#pending.clear();
    this.#events.exited(this, how);
  }
}
