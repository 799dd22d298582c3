import { setTimeout as after } from "node:timers/promises";
import type { Logger } from "./log.ts";
import { reasonOf } from "./reason-of.ts";
import type { Work } from "./work.ts";

/** The signal aborts when a drain begins. */
export type StartupTask = (signal: AbortSignal) => unknown;

interface Around {
  readonly logger: Logger | null;
  readonly signal: AbortSignal;
  /** A drain waits for a task that is under way: half a migration helps nobody. */
  readonly work: Work;
}

const againMs = 1000;

/** What has to be over once before the service counts as started. */
export class Startup {
  readonly #waitingFor: Set<string>;
  readonly #tasks: Readonly<Record<string, StartupTask>>;
  readonly #around: Around;

  constructor(tasks: Readonly<Record<string, StartupTask>> = {}, around: Around) {
    this.#tasks = tasks;
    this.#waitingFor = new Set(Object.keys(tasks));
    this.#around = around;
  }

  /** Names of what is not over yet. */
  get waitingFor(): readonly string[] {
    return [...this.#waitingFor];
  }

  /** All at once: one that needs another one awaits it itself. */
  start(): void {
    for (const [name, task] of Object.entries(this.#tasks)) void this.#untilDone(name, task);
  }

  async #untilDone(name: string, task: StartupTask): Promise<void> {
    const { logger, signal, work } = this.#around;
    let said: string | null = null;
    while (!signal.aborted) {
      try {
        await work.run(`startup ${name}`, async () => task(signal));
        this.#waitingFor.delete(name);
        if (said !== null) logger?.info({ startup: name }, `startup ${name} is over`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const reason = reasonOf(error);
        const text = `startup ${name} failed and is tried again each second: ${reason}`;
        // Once, not each second.
        if (reason !== said) logger?.warn({ startup: name, error: reason }, text);
        said = reason;
        await after(againMs, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }
}
