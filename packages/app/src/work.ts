import type { HungRequest } from "./receipt.ts";

/** Work that no request waits for, which a shutdown has to: a job taken from a queue, a mail being sent. */
export class Work {
  readonly #open = new Map<symbol, { readonly name: string; readonly since: number }>();
  #draining = false;
  finished = 0;

  get size(): number {
    return this.#open.size;
  }

  drain(): void {
    this.#draining = true;
  }

  /** Resolves and rejects as `task` does. */
  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const key = Symbol(name);
    this.#open.set(key, { name, since: performance.now() });
    try {
      return await task();
    } finally {
      // Not counted twice when it was cut before.
      if (this.#open.delete(key) && this.#draining) this.finished += 1;
    }
  }

  /** What is still under way; it is no longer waited for. */
  cut(): readonly HungRequest[] {
    const now = performance.now();
    const hung = [...this.#open.values()].map(({ name, since }) => ({
      method: "WORK",
      route: name,
      seconds: inSeconds(now - since),
    }));
    this.#open.clear();
    return hung;
  }
}

/** Milliseconds to seconds, to the millisecond. */
export function inSeconds(ms: number): number {
  return Math.round(ms) / 1000;
}
