import { randomUUID } from "node:crypto";
import { addTraffic, noTraffic, type TrafficTotals, type TrafficView } from "@hitless/core";

/** What of a worker is kept in the ledger. */
export interface CountingWorker {
  /** What it reported last. */
  readonly traffic: TrafficTotals;
  /** Whether it reported once more when nothing could come any more, or never served. */
  readonly complete: boolean;
}

/** What the next holder needs to go on counting. */
export interface LedgerState {
  readonly epoch: string;
  /** Of the workers that have ended. */
  readonly ended: TrafficTotals;
}

/** The totals of all workers, those that have ended included. */
export class TrafficLedger {
  #epoch: string = randomUUID();
  readonly #workers = new Set<CountingWorker>();
  #ended: TrafficTotals = noTraffic;

  /** Changes only when a worker ends. */
  get state(): LedgerState {
    return { epoch: this.#epoch, ended: this.#ended };
  }

  /** Goes on where the holder before left off. */
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
    // It was killed: what it counted after its last report is lost.
    const gap = { ...noTraffic, gaps: worker.complete ? 0 : 1 };
    this.#ended = [worker.traffic, gap].reduce(addTraffic, this.#ended);
  }

  view(): TrafficView {
    const living = [...this.#workers].map((worker) => worker.traffic);
    return { epoch: this.#epoch, totals: living.reduce(addTraffic, this.#ended) };
  }
}
