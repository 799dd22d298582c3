import { setTimeout as after } from "node:timers/promises";
import { until } from "./app-bed.ts";
import type { OwnPrometheus } from "./own-prometheus.ts";

const lookEveryMs = 250;

/** Looks at the alerts of a Prometheus all the time, and remembers which fired. */
export class WatchedAlerts implements AsyncDisposable {
  readonly #prometheus: OwnPrometheus;
  readonly #watching: Promise<void>;
  #present: readonly string[] = [];
  #fired = new Set<string>();
  #ended = false;
  /** How often it was looked. */
  looks = 0;

  constructor(prometheus: OwnPrometheus) {
    this.#prometheus = prometheus;
    this.#watching = this.#watch();
    // Told by whoever waits, and when it is disposed of.
    this.#watching.catch(() => undefined);
  }

  /** Resolves when it fires; throws when it does not within that time. */
  fires(alert: string, withinMs = 60_000): Promise<void> {
    const fires = until(() => this.#present.includes(alert), `${alert} fires`, withinMs);
    return Promise.race([fires, this.#watching]);
  }

  /** Resolves when nothing fires any more. */
  resolve(withinMs = 60_000): Promise<void> {
    const quiet = until(() => this.#present.length === 0, "every alert is resolved", withinMs);
    return Promise.race([quiet, this.#watching]);
  }

  /** What has fired since this was last asked, sorted. */
  fired(): readonly string[] {
    const fired = [...this.#fired].sort();
    this.#fired = new Set(this.#present);
    return fired;
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      this.#present = await this.#prometheus.firing();
      this.looks += 1;
      for (const alert of this.#present) this.#fired.add(alert);
      await after(lookEveryMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#watching;
  }
}
