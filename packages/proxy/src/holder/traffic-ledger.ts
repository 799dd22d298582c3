import { randomUUID } from "node:crypto";
import { addTraffic, noTraffic, type TrafficTotals, type TrafficView } from "@hitless/core";

/** What of a worker is kept in the ledger. */
export interface CountingWorker {
  /** What it reported last. */
  readonly traffic: TrafficTotals;
  /** Whether it reported once more when nothing could come any more, or never served. */
  readonly complete: boolean;
}

/** The totals of all workers of one holder, those that have ended included. */
export class TrafficLedger {
  readonly #epoch = randomUUID();
  readonly #workers = new Set<CountingWorker>();
  #ended: TrafficTotals = noTraffic;

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
