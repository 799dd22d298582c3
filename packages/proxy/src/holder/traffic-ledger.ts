import { randomUUID } from "node:crypto";
import { noTraffic, type TrafficView } from "@hitless/core/traffic";
import { addCounts, type ByRevision, type Counts, noCounts } from "../counts.ts";
import type { ProcessRecord } from "../process-record.ts";

/** A worker, as the next holder has to know it. */
export interface WorkerRecord {
  readonly process: ProcessRecord;
  readonly slot: number;
  readonly term: number;
  readonly leaving: boolean;
}

/** What of a worker is kept in the ledger. */
export interface CountingWorker {
  /** Null before it has said who it is. */
  readonly record: WorkerRecord | null;
  /** What it reported last. */
  readonly counts: Counts;
  /** Whether it reported once more when nothing could come any more, or never served. */
  readonly complete: boolean;
}

/** What the next holder needs to go on counting. */
export interface LedgerState {
  readonly epoch: string;
  /** Of the workers that have ended. */
  readonly ended: Counts;
  readonly living: readonly { readonly worker: WorkerRecord; readonly counts: Counts }[];
}

/** What all workers counted, those that have ended included. */
export class TrafficLedger {
  #epoch: string = randomUUID();
  readonly #workers = new Set<CountingWorker>();
  #ended = noCounts;

  get epoch(): string {
    return this.#epoch;
  }

  get state(): LedgerState {
    const living = [...this.#workers].flatMap(({ record, counts }) =>
      record === null ? [] : [{ worker: record, counts }],
    );
    return { epoch: this.#epoch, ended: this.#ended, living };
  }

  /** Goes on where the holder before left off. The living ones are to be added. */
  resume({ epoch, ended }: LedgerState): void {
    this.#epoch = epoch;
    this.#ended = ended;
  }

  add(worker: CountingWorker): void {
    this.#workers.add(worker);
  }

  /** Nothing can come from that worker any more. */
  end(worker: CountingWorker): void {
    if (!this.#workers.delete(worker)) return;
    this.#ended = addCounts(this.#ended, worker.counts);
    // It was killed: what it counted after its last report is lost.
    if (!worker.complete) this.#missSome();
  }

  /** A worker has come that counts from another epoch on: all that it counts belongs there. */
  leaveOut(): void {
    this.#missSome();
  }

  #missSome(): void {
    const gap = { totals: { ...noTraffic, gaps: 1 }, revisions: {} };
    this.#ended = addCounts(this.#ended, gap);
  }

  view(): { readonly traffic: TrafficView; readonly revisions: ByRevision } {
    const living = [...this.#workers].map((worker) => worker.counts);
    const { totals, revisions } = living.reduce(addCounts, this.#ended);
    return { traffic: { epoch: this.#epoch, totals }, revisions };
  }
}
