import type { TrafficTotals } from "@hitless/core";
import { type ByRevision, mostRevisions } from "../counts.ts";
import type { Reason } from "../http/reasons.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { ProxyTable, Upstream } from "../table.ts";
import { type ProxyTimeouts, timeoutsUnder } from "../timeouts.ts";
import { newRevisionCounters, type RevisionCounters, reported } from "./counters.ts";
import { type Dial, dial } from "./dial.ts";
import { Front } from "./front.ts";
import { HoldQueue } from "./hold-queue.ts";
import { type OpenStream, OpenStreams, type StreamCount } from "./open-streams.ts";
import { Replica } from "./replica.ts";
import { RetryBudget } from "./retry-budget.ts";
import { Router } from "./router.ts";
import { TrafficCount } from "./traffic-count.ts";

/** What the plane needs of a client connection. */
export interface PlaneClient {
  /** Called at every tick, `now` in milliseconds; whether something was ended. */
  checkDeadline(now: number): boolean;
  /** Ends what is in flight on that replica, null: on any; whether there was something. */
  cut(replicaId: string | null): boolean;
  /** Ends the connection when no request is under way on it. */
  endIfIdle(): void;
  /** Breaks the connection. */
  destroy(): void;
}

/** A gap that lasts for longer is an outage, ms: nobody waits for its end. */
const outageMs = 60_000;

/** The counts of one worker. */
export interface PlaneStatus {
  readonly generation: number;
  readonly ruleGeneration: number;
  readonly inFlight: Readonly<Record<string, number>>;
  readonly idleUpstream: Readonly<Record<string, number>>;
  /** By replica id, of those that have some; a worker of an older version does not say. */
  readonly streams?: Readonly<Record<string, StreamCount>>;
  readonly revisions: ByRevision;
  readonly answeredByProxy: Readonly<Record<string, number>>;
  readonly traffic: TrafficTotals;
  readonly openConnections: number;
}

/** A tick that comes so late, in ticks, says that the process was stopped or the machine stood still. */
const stoodTicks = 3;
/** Connections that are ended in one go because their time is up. */
const endedAtOnce = 32;

/** Everything that the connections of one worker share: table, replicas, counters and time. */
export class DataPlane {
  /** Hold for waits that begin from now on. */
  timeouts: ProxyTimeouts;
  readonly budget = new RetryBudget();
  readonly traffic = new TrafficCount();
  readonly streams = new OpenStreams();
  readonly clients = new Set<PlaneClient>();
  readonly front: Front;
  /** Requests that wait for a replica. */
  readonly held = new HoldQueue((gapMs) => this.#holdMs(gapMs));
  /** Milliseconds of a monotonic clock, as of the last tick: precise enough for deadlines. */
  tickNow = performance.now();
  /** From now on every answer says `Connection: close`. */
  leaving = false;
  #table: ProxyTable | null = null;
  #router: Router | null = null;
  /** The router; null while requests are kept from the replicas. */
  #open: Router | null = null;
  #replicas = new Map<string, Replica>();
  /** Out of the table, with requests in flight. */
  #departing = new Set<Replica>();
  readonly #revisions = new Map<number, RevisionCounters>();
  readonly #ticker: NodeJS.Timeout;
  #checking = false;
  /** It did not run for a while before the last tick. */
  #stood = false;

  readonly #dial: Dial;
  /** What it was started with. */
  readonly #timeouts: ProxyTimeouts;

  constructor(timeouts: ProxyTimeouts, dialUpstream: Dial = dial, front: Front = new Front()) {
    this.#timeouts = timeouts;
    this.timeouts = timeouts;
    this.front = front;
    this.#dial = dialUpstream;
    this.#ticker = setInterval(() => this.#tick(), timeouts.tickMs);
  }

  /** Stops the clock. */
  close(): void {
    clearInterval(this.#ticker);
    this.streams.close();
    this.held.close();
    for (const replica of this.#replicas.values()) replica.leaveTable();
    void this.front.close();
  }

  /** The table in force; null before the first one. */
  get table(): ProxyTable | null {
    return this.#table;
  }

  /** What each revision answered so far. */
  get revisions(): ByRevision {
    const entries = [...this.#revisions].map(([n, counters]) => [n, reported(counters)] as const);
    return Object.fromEntries(entries);
  }

  get generation(): number {
    return this.#table?.generation ?? 0;
  }

  /**
   * Puts a table in force, in one synchronous step: when it returns, no new request goes to a
   * replica that left, and its idle connections are destroyed. An older table is ignored.
   */
  apply(table: ProxyTable): void {
    if (this.#table !== null && table.generation < this.#table.generation) return;
    const before = this.#replicas;
    const replicas = new Map<string, Replica>();
    for (const upstream of table.replicas) {
      const known = before.get(upstream.id);
      replicas.set(
        upstream.id,
        known !== undefined && sameUpstream(known.upstream, upstream)
          ? known
          : new Replica(upstream, this.#countersOf(upstream.revision), this.#dial),
      );
    }
    this.#replicas = replicas;
    this.#router =
      table.rule === null ? null : new Router(table.rule, [...replicas.values()], this.#router);
    this.#open = table.maintenance === undefined ? this.#router : null;
    this.#table = table;
    this.front.apply(table.front);
    this.timeouts = timeoutsUnder(this.#timeouts, table.front);
    for (const [id, replica] of before) {
      if (replicas.get(id) !== replica) this.#depart(replica);
    }
    const draining = table.draining ?? [];
    this.streams.drainOnly(new Map(draining.map(({ id, streamsMs }) => [id, streamsMs])));
    this.#forgetOldest();
    this.held.beat();
  }

  /**
   * Ends the streams of that replica, null: of all, each where nothing is lost, evenly over that time
   * (milliseconds). What cannot be ended so stays for `cut`.
   */
  drainStreams(replicaId: string | null, windowMs: number): void {
    this.streams.drain(replicaId, windowMs);
  }

  /** The replica for this request; null when none may get it. */
  choose(head: RequestHead, tried: readonly Replica[]): Replica | null {
    return this.#open?.choose(head, tried, this.tickNow) ?? null;
  }

  /** Whether it may be asked like any other: it has not refused a connection a moment ago. */
  isTrusted(replica: Replica): boolean {
    return !replica.isSuspect(this.tickNow);
  }

  /** Why `choose` found none. */
  whyNone(): Reason {
    if (this.#table === null) return "no-table";
    return this.#table.maintenance === undefined ? "no-replica" : "maintenance";
  }

  /** One request or tunnel less in flight on that replica; `stream`: what it was, where it was one. */
  release(replica: Replica, stream: OpenStream | null): void {
    replica.inFlight -= 1;
    if (stream !== null) this.streams.closed(replica.upstream.id, stream);
    if (!replica.inTable && replica.inFlight === 0) this.#departing.delete(replica);
  }

  /** Ends what is in flight on that replica, null: on any; how many there were. */
  cut(replicaId: string | null): number {
    let count = 0;
    for (const client of [...this.clients]) {
      if (client.cut(replicaId)) count += 1;
    }
    return count;
  }

  status(): PlaneStatus & Required<Pick<PlaneStatus, "streams">> {
    const inFlight: Record<string, number> = {};
    const idleUpstream: Record<string, number> = {};
    for (const replica of [...this.#replicas.values(), ...this.#departing]) {
      const { id } = replica.upstream;
      inFlight[id] = (inFlight[id] ?? 0) + replica.inFlight;
      idleUpstream[id] = (idleUpstream[id] ?? 0) + replica.idleConnections;
    }
    return {
      generation: this.generation,
      ruleGeneration: this.#table?.ruleGeneration ?? 0,
      inFlight,
      idleUpstream,
      streams: this.streams.counts(),
      revisions: this.revisions,
      answeredByProxy: this.traffic.byProxy(),
      traffic: this.traffic.totals(),
      openConnections: this.clients.size,
    };
  }

  #holdMs(gapMs: number): number {
    const { holdMs = 0, maintenance } = this.#table ?? {};
    return maintenance === undefined && gapMs > outageMs ? 0 : holdMs;
  }

  #depart(replica: Replica): void {
    replica.leaveTable();
    if (replica.inFlight > 0) this.#departing.add(replica);
  }

  #countersOf(revision: number): RevisionCounters {
    const known = this.#revisions.get(revision);
    if (known !== undefined) return known;
    const counters = newRevisionCounters();
    this.#revisions.set(revision, counters);
    return counters;
  }

  #forgetOldest(): void {
    const counting = [...this.#replicas.values(), ...this.#departing].map((r) => r.counters);
    for (const [revision, counters] of this.#revisions) {
      if (this.#revisions.size <= mostRevisions) return;
      if (!counting.includes(counters)) this.#revisions.delete(revision);
    }
  }

  #tick(): void {
    const before = this.tickNow;
    this.tickNow = performance.now();
    for (const replica of this.#replicas.values()) replica.sweep(this.tickNow);
    // What came while this process was stopped is there to be read, and timers come first: nobody is late yet.
    this.#stood = !this.#stood && this.tickNow - before > stoodTicks * this.timeouts.tickMs;
    if (!this.#checking && !this.#stood) this.#check(this.clients.values());
  }

  /** Thousands whose time is up in the same second must not hold up everybody else. */
  #check(clients: Iterator<PlaneClient>): void {
    let left = endedAtOnce;
    for (let next = clients.next(); next.done !== true; next = clients.next()) {
      if (next.value.checkDeadline(this.tickNow)) left -= 1;
      if (left > 0) continue;
      this.#checking = true;
      setImmediate(() => this.#check(clients));
      return;
    }
    this.#checking = false;
  }
}

function sameUpstream(a: Upstream, b: Upstream): boolean {
  return a.host === b.host && a.port === b.port && a.revision === b.revision;
}
