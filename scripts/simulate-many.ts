import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Batch, type Broken, Coverage, medianOf } from "@hitless/core/testing";
import { endWhenInterrupted } from "../test/bed/interruption.ts";

/** How many releases, and from which story on. */
export interface ManyOptions {
  readonly releases: number;
  /** Seed of the first story; the others follow it. */
  readonly seed: number;
  /** Processes. Default: one per core. */
  readonly workers?: number;
  readonly onProgress?: (done: number, perSecond: number) => void;
}

/** What all of them came to. */
export interface ManyResult {
  readonly stories: number;
  readonly releases: number;
  readonly waiting: number;
  readonly broken: readonly Broken[];
  readonly coverage: Coverage;
  /** Transitions that half of the stories reach. */
  readonly median: number;
  /** Releases a second, on all cores. */
  readonly perSecond: number;
  /** Largest resident set of any process, bytes. */
  readonly peakBytes: number;
}

/** A job for a worker, and what it sends back. */
export interface Job {
  readonly from: number;
  readonly count: number;
}
export interface Done {
  readonly batch: Batch;
  readonly peakBytes: number;
}

const storiesPerJob = 100;

/** Plays stories on all cores until so many releases have come to an end, or one breaks a rule. */
export async function simulateMany(options: ManyOptions): Promise<ManyResult> {
  const many = new Many(options);
  const workers = options.workers ?? availableParallelism();
  await Promise.all(Array.from({ length: workers }, () => many.work()));
  return many.result();
}

class Many {
  private readonly options: ManyOptions;
  private readonly started = performance.now();
  private readonly coverage = new Coverage();
  private readonly broken: Broken[] = [];
  private lengths: readonly number[] = [];
  private given = 0;
  private stories = 0;
  private releases = 0;
  private waiting = 0;
  private peakBytes = 0;

  constructor(options: ManyOptions) {
    this.options = options;
  }

  /** One process that plays jobs as long as there are any. */
  async work(): Promise<void> {
    const worker = fork(join(import.meta.dirname, "simulate-worker.ts"), { stdio: "inherit" });
    const forget = endWhenInterrupted(`worker ${worker.pid}`, async () => worker.kill("SIGKILL"));
    try {
      for (let job = this.next(); job !== null; job = this.next()) {
        this.add(await answerOf(worker, job));
      }
    } finally {
      if (worker.connected) worker.disconnect();
      forget();
    }
  }

  result(): ManyResult {
    const { stories, releases, waiting, broken, coverage, peakBytes } = this;
    const median = medianOf(this.lengths);
    const perSecond = this.perSecond();
    return { stories, releases, waiting, broken, coverage, median, perSecond, peakBytes };
  }

  private next(): Job | null {
    const { releases, seed } = this.options;
    if (this.releases >= releases || this.broken.length > 0) return null;
    // Not many more than asked for, whatever the other workers bring.
    const count = Math.min(storiesPerJob, Math.ceil((releases - this.releases) / 3));
    const from = seed + this.given;
    this.given += count;
    return { from, count };
  }

  private add({ batch, peakBytes }: Done): void {
    this.stories += batch.stories;
    this.releases += batch.releases;
    this.waiting += batch.waiting;
    this.lengths = batch.lengths.map((n, at) => n + (this.lengths[at] ?? 0));
    this.coverage.merge(batch.coverage);
    if (batch.broken !== null) this.broken.push(batch.broken);
    this.peakBytes = Math.max(this.peakBytes, peakBytes);
    this.options.onProgress?.(this.releases, this.perSecond());
  }

  private perSecond(): number {
    return this.releases / ((performance.now() - this.started) / 1000);
  }
}

function answerOf(worker: ChildProcess, job: Job): Promise<Done> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => {
      reject(new Error(`a worker ended with ${code} in the stories from seed ${job.from} on`));
    };
    worker.once("exit", gone);
    worker.once("message", (done: Done) => {
      worker.off("exit", gone);
      resolve(done);
    });
    worker.send(job);
  });
}

/** The one command that plays a broken story again. */
export function replayOf({ seed, keep }: Broken): string {
  const kept = keep.length === 0 ? "none" : keep.join(",");
  return `npm run simulate -- --seed ${seed} --keep ${kept} --trace`;
}
