import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import type { Exit } from "../model/failure.ts";
import type { EngineMutation } from "../model/mutation.ts";
import type { EngineView, Known, Observation } from "../model/observed.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine, EngineCapabilities, LogLine, LogQuery } from "../ports/engine.ts";
import { Announcements } from "./announcements.ts";
import { FakeDataPlane } from "./fake-data-plane.ts";
import { type Behaviour, FakeReplica } from "./fake-replica.ts";

/** The parts of a view, each of which can be made unknown. */
export type EnginePart = keyof EngineView;

/** How a fake engine differs from a quick and healthy one. */
export interface FakeEngineOptions {
  /** Behaviour of every revision that `behave` says nothing about. */
  readonly behaviour?: Partial<Behaviour>;
  /** From accepting a table until every part has acknowledged it, ms. Default 10. */
  readonly routeMs?: number;
  /** How many replicas fit, draining ones included; null (default): any number. */
  readonly slots?: number | null;
  /** Up to this much is added to each start, drawn from `seed`, ms. Default 0. */
  readonly jitterMs?: number;
  readonly seed?: number;
}

const healthy: Behaviour = {
  startMs: 1000,
  neverReady: false,
  crashAfterMs: null,
  drainMs: 500,
  unrouteMs: 20,
  startError: null,
};

/**
 * An engine in memory with virtual time. It keeps the contract of the `Engine` port; time passes
 * only in `runTo`, so that a day of a release takes a millisecond and every run can be repeated.
 */
export class FakeEngine implements Engine, Clock {
  readonly capabilities: EngineCapabilities = { surge: true, weights: true, matches: true };
  /** The tables as they are in truth, whatever was observed of them. */
  readonly dataPlane: FakeDataPlane;
  #options: Required<FakeEngineOptions>;
  readonly #announcements = new Announcements();
  readonly #behaviours = new Map<number, Partial<Behaviour>>();
  readonly #levels = new Map<number, number>();
  readonly #collected = new Set<number>();
  readonly #exits = new Map<number, { readonly count: number; readonly last: Exit | null }>();
  readonly #unknown = new Map<EnginePart, { readonly reason: string; readonly since: number }>();
  readonly #log: (LogLine & { readonly at: number })[] = [];
  #replicas: readonly FakeReplica[] = [];
  #now = 0;
  #token = 0;
  #born = 0;
  #random: number;
  #frozen: EngineView | null = null;
  #deafSince: number | null = null;

  constructor(options: FakeEngineOptions = {}) {
    this.#options = { behaviour: {}, routeMs: 10, slots: null, jitterMs: 0, seed: 1, ...options };
    this.#random = this.#options.seed;
    this.dataPlane = new FakeDataPlane(this.#options.routeMs);
  }

  now(): number {
    return this.#now;
  }

  async observe(
    _app: App,
    _needs: readonly Observation[],
    _signal: AbortSignal,
  ): Promise<EngineView> {
    return this.#frozen ?? this.view();
  }

  async apply(mutation: EngineMutation, _signal: AbortSignal): Promise<number> {
    if (this.#accept(mutation)) {
      this.#token += 1;
      this.#keepLevels();
      this.#announcements.announce();
    }
    return this.#token;
  }

  changes(signal: AbortSignal): AsyncIterable<void> {
    return this.#announcements.listen(signal);
  }

  async *logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine> {
    let told = 0;
    const matching = () =>
      this.#log
        .filter((line) => query.revision === null || line.revision === query.revision)
        .filter((line) => query.replica === null || line.replica === query.replica)
        .filter((line) => query.since === null || line.at >= query.since);
    const lines = matching();
    told = query.tail === null ? 0 : Math.max(0, lines.length - query.tail);
    const news = this.changes(signal)[Symbol.asyncIterator]();
    do {
      const { length } = matching();
      for (const { replica, revision, text } of matching().slice(told)) {
        yield { replica, revision, text };
      }
      told = length;
    } while (query.follow && (await news.next()).done !== true);
  }

  /** Lets time pass until `at`, with everything that happens on the way in its order. */
  runTo(at: number): void {
    for (let due = this.nextAt(); due <= at; due = this.nextAt()) {
      // What was held up until now is overdue.
      this.#pass(Math.max(due, this.#now));
      this.#turnAt(due);
      this.#keepLevels();
      this.#announcements.announce();
    }
    this.#pass(Math.max(at, this.#now));
  }

  /** When something will happen by itself next; Infinity when nothing will. */
  nextAt(): number {
    return Math.min(
      this.dataPlane.ackAt,
      ...this.#replicas.map((r) => r.nextAt(this.dataPlane.held)),
    );
  }

  /** How replicas of a revision behave from their next start, drain or exit on. */
  behave(revision: number, behaviour: Partial<Behaviour>): void {
    this.#behaviours.set(revision, { ...this.#behaviours.get(revision), ...behaviour });
  }

  /** Replicas that are there in truth, stopped ones excepted. */
  replicas(revision?: number): readonly FakeReplica[] {
    return this.#replicas.filter((r) => revision === undefined || r.revision === revision);
  }

  levels(): ReadonlyMap<number, number> {
    return this.#levels;
  }

  /** A ready replica exits by itself, with a request on it: that one, or one of that revision. False when there is none. */
  kill(target: number | string): boolean {
    const victim = this.#meant(target).find((r) => r.state === "ready");
    if (victim === undefined) return false;
    victim.crash(this.#now, this.#behaviourOf(victim.revision));
    this.dataPlane.lose({ failed: { "upstream-closed": 1 } });
    this.#exited(victim);
    this.#announcements.announce();
    return true;
  }

  /** Readiness of that ready replica, or of a revision's, fails for a while (Infinity: for good). */
  stall(target: number | string, forMs: number): void {
    for (const replica of this.#meant(target)) {
      replica.stall(this.#now, forMs, this.#behaviourOf(replica.revision));
    }
    this.#announcements.announce();
  }

  /** A part cannot be read until `reveal`. */
  hide(part: EnginePart, reason: string): void {
    this.#unknown.set(part, { reason, since: this.#now });
  }

  reveal(part: EnginePart): void {
    this.#unknown.delete(part);
  }

  /** `observe` keeps returning what is so now, until `thaw`. */
  freeze(): void {
    this.#frozen = this.view();
  }

  thaw(): void {
    this.#frozen = null;
  }

  /** Whether `observe` returns an old view. */
  get frozen(): boolean {
    return this.#frozen !== null;
  }

  /** Changes how many replicas fit; those that run stay. */
  setSlots(slots: number | null): void {
    this.#options = { ...this.#options, slots };
    this.#keepLevels();
    this.#announcements.announce();
  }

  /** What is so now, unknown parts excepted. */
  view(): EngineView {
    const revisions = [...this.#levels].map(([revision, level]) => {
      const exits = this.#exits.get(revision);
      return { revision, level, exits: exits?.count ?? 0, lastExit: exits?.last ?? null };
    });
    const requests = this.#counts();
    const detail = this.#fits() ? "room" : `all ${this.#options.slots} slots are taken`;
    return {
      replicas: this.#known(
        "replicas",
        this.#replicas.map((r) => r.view(requests.kind === "known")),
      ),
      revisions: this.#known("revisions", revisions),
      route: this.#known("route", this.dataPlane.view()),
      capacity: this.#known("capacity", { fits: this.#fits(), detail }),
      requests,
      traffic:
        requests.kind === "known" ? this.#known("traffic", this.dataPlane.traffic()) : requests,
    };
  }

  /** A part of the data plane that acknowledges nothing does not count for us either. */
  #counts(): EngineView["requests"] {
    this.#deafSince = this.dataPlane.held ? (this.#deafSince ?? this.#now) : null;
    return this.#deafSince === null
      ? this.#known("requests", this.dataPlane.requests())
      : { kind: "unknown", reason: "worker 1 does not answer", since: this.#deafSince };
  }

  #known<T>(part: EnginePart, value: T): Known<T> {
    const unknown = this.#unknown.get(part);
    return unknown === undefined
      ? { kind: "known", value, asOf: this.#token }
      : { kind: "unknown", ...unknown };
  }

  #accept(mutation: EngineMutation): boolean {
    switch (mutation.kind) {
      case "scale": {
        const { revision, replicas } = mutation;
        if (this.#levels.get(revision) === replicas) return false;
        this.#levels.set(revision, replicas);
        return true;
      }
      case "route":
        return this.dataPlane.accept(mutation.table, this.#now);
      case "collect":
        return this.#collect(mutation.revision);
    }
  }

  #collect(revision: number): boolean {
    if (this.#levels.get(revision) || this.replicas(revision).length > 0) {
      throw new HitlessError("REFUSED", `revision ${revision} has a level or a replica`);
    }
    this.#collected.add(revision);
    this.#exits.delete(revision);
    return this.#levels.delete(revision);
  }

  #pass(at: number): void {
    const serving = new Set(
      this.#replicas.filter((r) => r.state === "ready").map((r) => r.revision),
    );
    this.dataPlane.serve(at - this.#now, serving);
    this.#now = at;
  }

  #meant(target: number | string): readonly FakeReplica[] {
    return this.#replicas.filter((r) => r.id === target || r.revision === target);
  }

  #turnAt(due: number): void {
    this.dataPlane.acknowledge(due);
    const { held } = this.dataPlane;
    for (const replica of this.#replicas) {
      while (replica.nextAt(held) <= due) {
        const turn = replica.turn(this.#now, held, this.#behaviourOf(replica.revision));
        if (turn === "crash") this.#exited(replica);
        if (turn === "restart") this.#started(replica);
        else this.#say(replica, turn ?? "nothing");
      }
    }
    this.#replicas = this.#replicas.filter((r) => r.state !== "stopped");
  }

  #keepLevels(): void {
    for (const revision of new Set([...this.#levels.keys(), ...this.#revisions()])) {
      const live = this.replicas(revision).filter((r) => r.state !== "draining");
      const surplus = live.length - (this.#levels.get(revision) ?? 0);
      const victims = [...live].sort(leastUsefulFirst).slice(0, Math.max(0, surplus));
      for (const victim of victims) victim.drain(this.#now, this.#behaviourOf(revision));
      this.#replicas = this.#replicas.filter((r) => r.state !== "stopped");
    }
    for (const [revision, level] of this.#levels) {
      const live = () => this.replicas(revision).filter((r) => r.state !== "draining").length;
      while (live() < level && this.#fits()) this.#bear(revision);
    }
  }

  #bear(revision: number): void {
    this.#born += 1;
    const replica = new FakeReplica(`r${revision}-${this.#born}`, revision);
    replica.start(this.#now, this.#behaviourOf(revision));
    this.#replicas = [...this.#replicas, replica];
    this.#started(replica);
  }

  #started(replica: FakeReplica): void {
    if (replica.state === "failed") this.#exited(replica);
    else this.#say(replica, `start ${replica.starts}`);
  }

  #exited(replica: FakeReplica): void {
    const before = this.#exits.get(replica.revision)?.count ?? 0;
    this.#exits.set(replica.revision, { count: before + 1, last: replica.lastExit });
  }

  #say(replica: FakeReplica, text: string): void {
    this.#log.push({ replica: replica.id, revision: replica.revision, text, at: this.#now });
  }

  #fits(): boolean {
    const { slots } = this.#options;
    return slots === null || this.#replicas.length < slots;
  }

  #revisions(): readonly number[] {
    return this.#replicas.map((r) => r.revision);
  }

  #behaviourOf(revision: number): Behaviour {
    const { behaviour, jitterMs } = this.#options;
    const own = { ...healthy, ...behaviour, ...this.#behaviours.get(revision) };
    if (this.#collected.has(revision)) return { ...own, startError: "it was collected" };
    return { ...own, startMs: own.startMs + Math.floor(this.#draw() * jitterMs) };
  }

  /** Park and Miller's generator: enough to spread starts, the same every time. */
  #draw(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }
}

/** Those that are not ready first, then those ready for the shortest time, as Kubernetes chooses. */
function leastUsefulFirst(a: FakeReplica, b: FakeReplica): number {
  return readySinceOf(b) - readySinceOf(a);
}

function readySinceOf(replica: FakeReplica): number {
  return replica.readySince ?? Number.MAX_SAFE_INTEGER;
}
