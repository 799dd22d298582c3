import { setTimeout as after } from "node:timers/promises";
import type { AppBed } from "./app-bed.ts";
import { portsOf, saysReady } from "./replica-ports.ts";

const lookEveryMs = 200;
/** A replica that stays silent for this long does not serve, ms: the slow ones take 700. */
const answerWithinMs = 3000;

/**
 * Counts, without asking any controller, how many replicas say themselves that they are ready. So it
 * sees what happens while no controller lives, and what the next one does first.
 */
export class ReadyWatch implements AsyncDisposable {
  readonly #bed: AppBed;
  readonly #ending = new AbortController();
  readonly #looks: number[] = [];
  readonly #running: Promise<void>;

  constructor(bed: AppBed) {
    this.#bed = bed;
    this.#running = this.#run();
    // Whoever stops it gets the error.
    this.#running.catch(() => undefined);
  }

  /**
   * Fewest ready replicas in two looks in a row, and how many looks there were. One look alone may
   * fall on a replica that was told to stop after its successor was asked.
   */
  async stop(): Promise<{ readonly fewest: number; readonly looks: number }> {
    this.#ending.abort();
    await this.#running;
    const pairs = this.#looks
      .slice(1)
      .map((ready, index) => Math.max(ready, this.#looks[index] ?? 0));
    return { fewest: Math.min(...pairs), looks: this.#looks.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const ports = [...(await portsOf(this.#bed)).values()];
      const ready = await Promise.all(ports.map((port) => saysReady(port, answerWithinMs)));
      this.#looks.push(ready.filter(Boolean).length);
      await after(lookEveryMs, null, { signal }).catch(() => undefined);
    }
  }
}
