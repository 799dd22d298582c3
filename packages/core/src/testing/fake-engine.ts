import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import type { EngineMutation } from "../model/mutation.ts";
import type { EngineView, Known, Observation, ReplicaView } from "../model/observed.ts";
import type { Clock } from "../ports/clock.ts";
import type { Engine, EngineCapabilities, LogLine, LogQuery } from "../ports/engine.ts";
import { Announcements } from "./announcements.ts";
import { FakeDataPlane } from "./fake-data-plane.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { FakeLog } from "./fake-log.ts";
import type { Behaviour, FakeReplica } from "./fake-replica.ts";

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
  /** What the clock says when it begins, ms since the epoch. Default 0. */
  readonly startsAt?: number;
}

/** What happens when a mutation takes effect; `take` makes it happen, and must be called once. */
export type Witness = (mutation: EngineMutation, take: () => void) => void;

interface Late {
  readonly mutation: EngineMutation;
  readonly token: number;
  readonly due: number;
}

const usual: Required<FakeEngineOptions> = {
  behaviour: {},
  routeMs: 10,
  slots: null,
  jitterMs: 0,
  seed: 1,
  startsAt: 0,
};

const healthy: Behaviour = {
  startMs: 1000,
  neverReady: false,
  crashAfterMs: null,
  drainMs: 500,
  unrouteMs: 20,
  startError: null,
  liesForMs: null,
  flapMs: null,
  errorShare: 0,
  latencyMs: 1,
};

/**
 * An engine in memory with virtual time. It keeps the contract of the `Engine` port; time passes
 * only in `runTo`, so that a day of a release takes a millisecond and every run can be repeated.
 */
export class FakeEngine implements Engine, Clock {
  readonly capabilities: EngineCapabilities = { surge: true, weights: true, matches: true };
  /** The tables as they are in truth, whatever was observed of them. */
  readonly dataPlane: FakeDataPlane;
  /** Two controllers have acted, or will: each may undo what the other has been told was accepted. */
  contended = false;
  readonly #fleet: FakeFleet;
  readonly #announcements = new Announcements();
  readonly #behaviours = new Map<number, Behaviour>();
  readonly #unknown = new Map<EnginePart, { readonly reason: string; readonly since: number }>();
  readonly #log = new FakeLog();
  /** Behaviour of a revision of which nothing else was said. */
  readonly #healthy: Behaviour;
  readonly #late: Late[] = [];
  #options: Required<FakeEngineOptions>;
  #witness: Witness = (_, take) => take();
  /** True time; the wall clock may be ahead of it or behind. */
  #elapsed = 0;
  #wallAheadMs = 0;
  #lateMs = 0;
  #seenLosses = 0;
  #token = 0;
  #random: number;
  #frozen: EngineView | null = null;
  #deafSince: number | null = null;

  constructor(options: FakeEngineOptions = {}) {
    this.#options = { ...usual, ...options };
    this.#healthy = { ...healthy, ...options.behaviour };
    this.#elapsed = this.#options.startsAt;
    this.#random = this.#options.seed;
    this.dataPlane = new FakeDataPlane(this.#options.routeMs);
    this.#fleet = new FakeFleet({
      behaviourOf: (revision) => this.#behaviourOf(revision),
      slots: () => this.#options.slots,
      say: ({ id, revision }, text) => {
        this.#log.add({ replica: id, revision, text }, this.now());
      },
    });
  }

  /** What the wall clock says. */
  now(): number {
    return this.#elapsed + this.#wallAheadMs;
  }

  /** What a clock would say that never jumps. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** Ready replicas that were lost so far without anybody having asked for it. */
  get losses(): number {
    return this.#fleet.losses;
  }

  /** Whether one more replica fits. */
  get fits(): boolean {
    return this.#fleet.fits();
  }

  /** As many of them as what was last observed shows. */
  get seenLosses(): number {
    return this.#seenLosses;
  }

  async observe(
    _app: App,
    _needs: readonly Observation[],
    _signal: AbortSignal,
  ): Promise<EngineView> {
    if (this.#frozen !== null) return this.#frozen;
    this.#seenLosses = this.losses;
    return this.view();
  }

  async apply(mutation: EngineMutation, _signal: AbortSignal): Promise<number> {
    const last = this.#late.at(-1);
    if (this.#lateMs === 0 && last === undefined) {
      this.#effect(mutation);
      return this.#token;
    }
    const due = Math.max(last?.due ?? 0, this.#elapsed + this.#lateMs);
    const token = (last?.token ?? this.#token) + 1;
    this.#late.push({ mutation, token, due });
    return token;
  }

  changes(signal: AbortSignal): AsyncIterable<void> {
    return this.#announcements.listen(signal);
  }

  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine> {
    return this.#log.read(query, this.changes(signal)[Symbol.asyncIterator]());
  }

  /** Lets true time pass until `at`, with everything that happens on the way in its order. */
  runTo(at: number): void {
    for (let due = this.nextAt(); due <= at; due = this.nextAt()) {
      // What was held up until now is overdue.
      this.#pass(Math.max(due, this.#elapsed));
      if ((this.#late[0]?.due ?? Number.POSITIVE_INFINITY) <= due) this.settle();
      this.dataPlane.acknowledge(due);
      this.#fleet.turn(due, this.#elapsed, this.dataPlane.held);
      this.#keepLevels();
    }
    this.#pass(Math.max(at, this.#elapsed));
  }

  /** When something will happen by itself next, in true time; Infinity when nothing will. */
  nextAt(): number {
    const { ackAt, held } = this.dataPlane;
    const lateAt = this.#late[0]?.due ?? Number.POSITIVE_INFINITY;
    return Math.min(ackAt, lateAt, this.#fleet.nextAt(held));
  }

  /** How replicas of a revision behave from their next start, drain or exit on. */
  behave(revision: number, behaviour: Partial<Behaviour>): void {
    this.#behaviours.set(revision, { ...this.#baseOf(revision), ...behaviour });
  }

  /** Replicas that are there in truth, stopped ones excepted. */
  replicas(revision?: number): readonly FakeReplica[] {
    if (revision === undefined) return this.#fleet.all;
    return this.#fleet.all.filter((r) => r.revision === revision);
  }

  levels(): ReadonlyMap<number, number> {
    return this.#fleet.levels;
  }

  /** A ready replica exits by itself, with a request on it: that one, or one of that revision. False when there is none. */
  kill(target: number | string): boolean {
    const killed = this.#fleet.kill(target, this.#elapsed);
    if (killed) this.dataPlane.lose({ failed: { "upstream-closed": 1 } });
    this.#announcements.announce();
    return killed;
  }

  /** Readiness of that ready replica, or of a revision's, fails for a while (Infinity: for good). */
  stall(target: number | string, forMs: number): void {
    this.#fleet.stall(target, this.#elapsed, forMs);
    this.#announcements.announce();
  }

  /** Whatever ails the replicas of a revision ends, and those that are stuck become ready. */
  heal(revision: number): void {
    const { errorShare, latencyMs } = this.#healthy;
    const ills = { neverReady: false, crashAfterMs: null, liesForMs: null, flapMs: null };
    this.behave(revision, { ...ills, errorShare, latencyMs });
    this.#fleet.heal(revision, this.#elapsed);
    this.#announcements.announce();
  }

  /** Somebody else (`by`, in words) listens on that port of this machine, until `freePort`. */
  takePort(port: number, by: string): void {
    this.dataPlane.takePort(port, by);
  }

  freePort(port: number): void {
    this.dataPlane.freePort(port);
    this.#announcements.announce();
  }

  /** A part cannot be read until `reveal`. */
  hide(part: EnginePart, reason: string): void {
    this.#unknown.set(part, { reason, since: this.now() });
  }

  reveal(part: EnginePart): void {
    this.#unknown.delete(part);
  }

  /** `observe` keeps returning what is so now, until `thaw`. */
  freeze(): void {
    this.#seenLosses = this.losses;
    this.#frozen = this.view();
  }

  thaw(): void {
    this.#frozen = null;
  }

  /** Whether `observe` returns an old view. */
  get frozen(): boolean {
    return this.#frozen !== null;
  }

  /** Whether what is observed is not all that is so: old, partly unknown, or not yet in effect. */
  get blurred(): boolean {
    return this.frozen || this.#unknown.size > 0 || this.#late.length > 0;
  }

  /** From now on mutations are accepted at once and take effect so much later. 0: at once. */
  delayEffects(ms: number): void {
    this.#lateMs = ms;
  }

  /** What was accepted takes effect now: who lists the world anew waits for that. */
  settle(): void {
    for (const { mutation, token } of this.#late.splice(0)) {
      this.#effectLate(mutation);
      this.#token = token;
    }
  }

  /** What another controller has made impossible meanwhile is refused, and nobody is there to hear it. */
  #effectLate(mutation: EngineMutation): void {
    try {
      this.#effect(mutation);
    } catch (thrown) {
      if (!this.contended || HitlessError.from(thrown).code !== "REFUSED") throw thrown;
    }
  }

  /** Is told of every mutation at the moment when it takes effect. */
  witness(witness: Witness): void {
    this.#witness = witness;
  }

  /** The wall clock is set forward (or back, below 0). Time goes on as before. */
  jumpClock(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** Changes how many replicas fit; those that run stay. */
  setSlots(slots: number | null): void {
    this.#options = { ...this.#options, slots };
    this.#keepLevels();
  }

  /** What is so now, unknown parts excepted. */
  view(): EngineView {
    const requests = this.#counts();
    const counted = requests.kind === "known";
    const fits = this.#fleet.fits();
    const detail = fits ? "room" : `all ${this.#options.slots} slots are taken`;
    return {
      replicas: this.#known("replicas", onWallClock(this.#fleet.views(counted), this.#wallAheadMs)),
      revisions: this.#known("revisions", this.#fleet.revisionViews()),
      route: this.#known("route", this.dataPlane.view()),
      capacity: this.#known("capacity", { fits, detail }),
      requests,
      traffic: counted ? this.#known("traffic", this.dataPlane.traffic()) : requests,
      counts: counted ? this.#known("counts", this.dataPlane.counts()) : requests,
      drains: this.#known("drains", this.#fleet.drains),
    };
  }

  /** A part of the data plane that acknowledges nothing does not count for us either. */
  #counts(): EngineView["requests"] {
    this.#deafSince = this.dataPlane.held ? (this.#deafSince ?? this.now()) : null;
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

  #effect(mutation: EngineMutation): void {
    this.#witness(mutation, () => {
      if (!this.#accept(mutation)) return;
      this.#token += 1;
      this.#keepLevels();
    });
  }

  #accept(mutation: EngineMutation): boolean {
    switch (mutation.kind) {
      case "scale":
        return this.#fleet.setLevel(mutation.revision, mutation.replicas);
      case "route":
        return this.dataPlane.accept(mutation.table, this.#elapsed);
      case "collect":
        return this.#fleet.collect(mutation.revision);
    }
  }

  #keepLevels(): void {
    this.#fleet.keepLevels(this.#elapsed);
    this.#announcements.announce();
  }

  #pass(at: number): void {
    const ms = at - this.#elapsed;
    if (ms > 0) this.dataPlane.serve(ms, this.#fleet.ready(), (revision) => this.#baseOf(revision));
    this.#elapsed = at;
  }

  #baseOf(revision: number): Behaviour {
    return this.#behaviours.get(revision) ?? this.#healthy;
  }

  #behaviourOf(revision: number): Behaviour {
    const own = this.#baseOf(revision);
    const { jitterMs } = this.#options;
    if (this.#fleet.collected(revision)) return { ...own, startError: "it was collected" };
    if (jitterMs === 0) return own;
    return { ...own, startMs: own.startMs + Math.floor(this.#draw() * jitterMs) };
  }

  /** Park and Miller's generator: enough to spread starts, the same every time. */
  #draw(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }
}

/**
 * Instants are told on the present wall clock, as the port demands: those of before a jump have
 * moved with it.
 */
function onWallClock(views: readonly ReplicaView[], aheadMs: number): readonly ReplicaView[] {
  if (aheadMs === 0) return views;
  const moved = (at: number | null) => (at === null ? null : at + aheadMs);
  return views.map((view) => ({
    ...view,
    readySince: moved(view.readySince),
    startedAt: moved(view.startedAt),
    restartAt: moved(view.restartAt),
  }));
}
