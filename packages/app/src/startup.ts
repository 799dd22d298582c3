import { setTimeout as after } from "node:timers/promises";
import type { Logger } from "./log.ts";
import { reasonOf } from "./reason-of.ts";

const againMs = 1000;

/** What has to be over once before the service counts as started. */
export class Startup {
  readonly #waitingFor: Set<string>;
  readonly #tasks: Readonly<Record<string, () => unknown>>;
  readonly #logger: Logger | null;
  readonly #signal: AbortSignal;

  constructor(
    tasks: Readonly<Record<string, () => unknown>> = {},
    around: { readonly logger: Logger | null; readonly signal: AbortSignal },
  ) {
    this.#tasks = tasks;
    this.#waitingFor = new Set(Object.keys(tasks));
    this.#logger = around.logger;
    this.#signal = around.signal;
  }

  /** Names of what is not over yet. */
  get waitingFor(): readonly string[] {
    return [...this.#waitingFor];
  }

  /** All at once: one that needs another one awaits it itself. */
  start(): void {
    for (const [name, task] of Object.entries(this.#tasks)) void this.#untilDone(name, task);
  }

  async #untilDone(name: string, task: () => unknown): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await task();
        this.#waitingFor.delete(name);
        return;
      } catch (error) {
        const reason = reasonOf(error);
        this.#logger?.warn({ startup: name, error: reason }, `startup ${name} failed: ${reason}`);
        await after(againMs, undefined, { signal: this.#signal, ref: false }).catch(() => {});
      }
    }
  }
}
