import { setTimeout as after } from "node:timers/promises";
import { type Asked, ask } from "../ask.ts";
import type { Target } from "../connection.ts";

/** One question to a probe, so long after its watch began. */
export interface ProbeLook {
  readonly ms: number;
  readonly asked: Asked;
}

const everyMs = 50;

/** Asks a probe again and again, each time on a connection of its own, until it is told to stop. */
export class ProbeWatch {
  readonly looks: ProbeLook[] = [];
  readonly #startedAt = performance.now();
  readonly #ended: Promise<void>;
  #stopped = false;

  constructor(target: Target, path: string) {
    this.#ended = this.#run(target, path);
  }

  async stop(): Promise<readonly ProbeLook[]> {
    this.#stopped = true;
    await this.#ended;
    return this.looks;
  }

  async #run(target: Target, path: string): Promise<void> {
    while (!this.#stopped) {
      const ms = performance.now() - this.#startedAt;
      this.looks.push({ ms, asked: await ask(target, path) });
      await after(everyMs);
    }
  }
}
