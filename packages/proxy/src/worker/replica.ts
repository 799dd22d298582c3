import type { Upstream } from "../table.ts";
import type { RevisionCounters } from "./counters.ts";
import { type Dial, dial } from "./dial.ts";
import { IdlePool } from "./idle-pool.ts";
import { UpstreamConnection, type UpstreamFailure } from "./upstream-connection.ts";

/** After a refused connection a replica is asked only when there is no other, for this long. */
const suspicionMs = 1_000;
/** As after so many that it took and broke off, one after the other. */
const breaksToSuspect = 3;

/** One replica as the data plane sees it: its idle connections and what is in flight on it. */
export class Replica {
  readonly upstream: Upstream;
  readonly counters: RevisionCounters;
  /** Requests and tunnels. */
  inFlight = 0;
  /** False once the table no longer names it: what is in flight finishes, nothing is pooled. */
  inTable = true;
  readonly #idle = new IdlePool<UpstreamConnection>();
  #suspectUntil = 0;
  /** Connections in a row that it broke off. */
  #breaks = 0;

  readonly #dial: Dial;

  constructor(upstream: Upstream, counters: RevisionCounters, dialUpstream: Dial = dial) {
    this.upstream = upstream;
    this.counters = counters;
    this.#dial = dialUpstream;
  }

  get idleConnections(): number {
    return this.#idle.size;
  }

  /** An idle connection that is safe for such a request, or null. */
  idleConnection(now: number, idempotent: boolean): UpstreamConnection | null {
    return this.#idle.take(now, idempotent);
  }

  newConnection(): UpstreamConnection {
    return new UpstreamConnection(
      (intake) => this.#dial(this.upstream, intake),
      (closed) => this.#idle.remove(closed),
    );
  }

  /** Keeps a connection for the next request, or destroys it when this replica left the table. */
  giveBack(connection: UpstreamConnection, now: number, keepAliveSeconds: number): void {
    if (this.inTable && connection.usable()) this.#idle.give(connection, now, keepAliveSeconds);
    else connection.destroy();
  }

  leaveTable(): void {
    this.inTable = false;
    this.#idle.clear();
  }

  sweep(now: number): void {
    this.#idle.sweep(now);
  }

  /** An attempt failed on it; `isReused`: on a connection that had served another request. */
  failed(failure: UpstreamFailure, isReused: boolean): void {
    if (failure !== "connect" && failure !== "unanswered") return;
    this.counters.connectionErrors += 1;
    // A kept connection may break because it was kept for too long: that says nothing of the replica.
    if (failure === "unanswered" && isReused) return;
    this.#breaks += failure === "unanswered" ? 1 : 0;
    const now = performance.now();
    if (failure === "connect" || this.#breaks >= breaksToSuspect) this.suspect(now);
  }

  suspect(now: number): void {
    this.#suspectUntil = now + suspicionMs;
  }

  /** Nothing speaks against it any more. */
  answers(): void {
    this.#breaks = 0;
    this.#suspectUntil = 0;
  }

  isSuspect(now: number): boolean {
    return now < this.#suspectUntil;
  }
}
