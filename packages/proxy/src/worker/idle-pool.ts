/** Used when a replica did not say how long it keeps a connection: Node's servers keep it 5 s. */
const unknownIdleLimitMs = 4_000;
/** A request that must not be sent twice does not risk a connection that was idle for longer. */
const freshEnoughMs = 1_000;
const maxIdle = 1_024;

/** A connection that can wait in the pool. */
export interface Poolable {
  /** When it came into the pool, and for how long it may stay; milliseconds. */
  idleSince: number;
  idleLimitMs: number;
  usable(): boolean;
  destroy(): void;
}

/** Idle connections to one replica; the one that came last leaves first. */
export class IdlePool<T extends Poolable> {
  readonly #idle: T[] = [];

  get size(): number {
    return this.#idle.length;
  }

  /** A connection that is safe to use now, or null. */
  take(now: number, idempotent: boolean): T | null {
    for (;;) {
      const last = this.#idle.at(-1);
      if (last === undefined) return null;
      const age = now - last.idleSince;
      // Those below were idle for longer still.
      if (!idempotent && age > freshEnoughMs) return null;
      this.#idle.pop();
      if (age < last.idleLimitMs && last.usable()) return last;
      last.destroy();
    }
  }

  /** `keepAliveSeconds`: what the replica announced, -1 when it announced nothing. */
  give(connection: T, now: number, keepAliveSeconds: number): void {
    connection.idleSince = now;
    connection.idleLimitMs =
      keepAliveSeconds < 0 ? unknownIdleLimitMs : (keepAliveSeconds - 1) * 1_000;
    if (connection.idleLimitMs <= 0 || this.#idle.length >= maxIdle) connection.destroy();
    else this.#idle.push(connection);
  }

  /** Forgets a connection that closed. */
  remove(connection: T): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** Destroys what has been idle for too long. */
  sweep(now: number): void {
    const old = this.#idle.filter((one) => now - one.idleSince >= one.idleLimitMs);
    for (const one of old) {
      this.remove(one);
      one.destroy();
    }
  }

  clear(): void {
    for (const one of this.#idle.splice(0)) one.destroy();
  }
}
