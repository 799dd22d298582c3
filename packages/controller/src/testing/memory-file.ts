import type { StateFile } from "@hitless/core";

/** A state file in memory. */
export class MemoryFile<T> implements StateFile<T> {
  value: T | null = null;
  /** Thrown by the next writes, as a full disk does. */
  refusal: Error | null = null;

  async read(): Promise<T | null> {
    return this.value;
  }

  async write(value: T): Promise<void> {
    if (this.refusal !== null) throw this.refusal;
    this.value = value;
  }
}
