import { Connection, type Target } from "./connection.ts";

/** How many connections there may be, and how the idle ones are treated. */
export interface PoolSettings {
  readonly maxConnections: number;
  /** No connection is used after it sat idle for longer; the client closes it then. */
  readonly idleUpToMs: number;
  readonly random: () => number;
}

interface Idle {
  readonly connection: Connection;
  /** Not used before this time. */
  readonly wakeAt: number;
  readonly expiresAt: number;
}

/** That many at most sleep on purpose; the rest of the idle ones is ready at once. */
const maxSleeping = 32;
/** A connection is used this much before its idle limit at the latest, or not at all. */
const idleMarginMs = 250;

/**
 * Client connections with varied idle times: of those that come back, half go to sleep for a
 * random time up to `idleUpToMs`, the others are reused at once, the last one first. Never waits:
 * when nothing is free it opens another, up to the cap.
 */
export class ConnectionPool {
  readonly #nextTarget: () => Target;
  readonly #settings: PoolSettings;
  readonly #open = new Set<Connection>();
  readonly #onClose = (connection: Connection) => this.#forget(connection);
  #ready: Idle[] = [];
  #sleeping: Idle[] = [];

  /** `nextTarget` is asked for every new connection. */
  constructor(nextTarget: () => Target, settings: PoolSettings) {
    this.#nextTarget = nextTarget;
    this.#settings = settings;
  }

  /** A new connection, or null when the cap is reached. */
  fresh(): Connection | null {
    if (this.#open.size >= this.#settings.maxConnections) return null;
    const connection = new Connection(this.#nextTarget(), this.#onClose);
    this.#open.add(connection);
    return connection;
  }

  /** An idle connection if one is free (one that has slept its time goes first), else a new one. */
  reused(now: number): Connection | null {
    this.#expire(now);
    const awake = this.#sleeping.findIndex((idle) => idle.wakeAt <= now);
    const idle = awake === -1 ? this.#ready.pop() : this.#sleeping.splice(awake, 1)[0];
    return idle === undefined ? this.fresh() : idle.connection;
  }

  /** Takes a connection back after a complete answer; one that was closed is ignored. */
  release(connection: Connection, now: number): void {
    if (!this.#open.has(connection)) return;
    const { idleUpToMs, random } = this.#settings;
    const sleeps = this.#sleeping.length < maxSleeping && random() < 0.5;
    const longestSleep = Math.max(0, idleUpToMs - idleMarginMs);
    const idle = {
      connection,
      wakeAt: sleeps ? now + random() * longestSleep : now,
      expiresAt: now + idleUpToMs,
    };
    (sleeps ? this.#sleeping : this.#ready).push(idle);
  }

  close(): void {
    for (const connection of this.#open) connection.destroy();
  }

  #expire(now: number): void {
    // Both lists are in order of expiry, but for a ready one popped from the end: no matter.
    while (hasExpired(this.#ready[0], now)) this.#ready[0]?.connection.destroy();
    while (hasExpired(this.#sleeping[0], now)) this.#sleeping[0]?.connection.destroy();
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    this.#ready = without(this.#ready, connection);
    this.#sleeping = without(this.#sleeping, connection);
  }
}

function hasExpired(idle: Idle | undefined, now: number): boolean {
  return idle !== undefined && idle.expiresAt <= now;
}

function without(idles: Idle[], connection: Connection): Idle[] {
  const index = idles.findIndex((idle) => idle.connection === connection);
  if (index !== -1) idles.splice(index, 1);
  return idles;
}
