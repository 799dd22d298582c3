import type { Exit } from "../model/failure.ts";
import type { ReplicaState, ReplicaView } from "../model/observed.ts";
import type { ProbeAnswer } from "../model/probe.ts";

/** How the replicas of a revision behave in the fake engine. Times in ms. */
export interface Behaviour {
  /** From its start until readiness passes. */
  readonly startMs: number;
  readonly neverReady: boolean;
  /** From each start until it exits with code 1; null: it does not. */
  readonly crashAfterMs: number | null;
  /** From being unrouted until it has exited. */
  readonly drainMs: number;
  /** From leaving service until no part of the data plane may send it requests. */
  readonly unrouteMs: number;
  /** Why no start of it can be made; null: they can. */
  readonly startError: string | null;
  /** It says that it is ready and does not serve, which is found out after so long. Null: it does serve. */
  readonly liesForMs: number | null;
  /** Readiness passes for so long, then fails for as long, and so on. Null: it stays as it is. */
  readonly flapMs: number | null;
  /** Share of its requests that end with 5xx or without an answer, 0 to 1. */
  readonly errorShare: number;
  /** What half of its answers take at most. */
  readonly latencyMs: number;
}

/** What happens to a fake replica by itself. */
export type Turn =
  | "admit"
  | "ready"
  | "unready"
  | "exposed"
  | "crash"
  | "restart"
  | "unrouted"
  | "stopped";

/** What a part of the data plane that acknowledges nothing holds up. */
const acknowledged: ReadonlySet<Turn> = new Set<Turn>(["ready", "unrouted"]);

const firstBackoffMs = 1000;
const longestBackoffMs = 60_000;
/** Ready for this long is a good run: what failed before is forgotten. */
const goodRunMs = 10_000;

/** One fake replica: a state and the turns it will take, each at its own instant. */
export class FakeReplica {
  readonly id: string;
  readonly revision: number;
  readonly #due = new Map<Turn, number>();
  #state: ReplicaState = "starting";
  #routed = false;
  #readySince: number | null = null;
  #startedAt: number | null = null;
  #starts = 0;
  #failures = 0;
  #bestRunMs = 0;
  #drainMs = 0;
  #stalled = false;
  /** It was ready in this start, and runs. */
  #answers = false;
  #lastExit: Exit | null = null;
  #lastProbe: ProbeAnswer | null = null;
  #view: ReplicaView | null = null;
  /** The first turn due, while nothing is held up and while acknowledgements are. */
  #nextAt = Number.POSITIVE_INFINITY;
  #nextAtHeld = Number.POSITIVE_INFINITY;

  constructor(id: string, revision: number) {
    this.id = id;
    this.revision = revision;
  }

  get state(): ReplicaState {
    return this.#state;
  }

  get routed(): boolean {
    return this.#routed;
  }

  get readySince(): number | null {
    return this.#readySince;
  }

  /** Starts, the present one included. */
  get starts(): number {
    return this.#starts;
  }

  get lastExit(): Exit | null {
    return this.#lastExit;
  }

  /**
   * When it will take its next turn; Infinity when it takes none. `held`: the data plane
   * acknowledges nothing, so that it neither becomes ready nor is unrouted.
   */
  nextAt(held: boolean): number {
    return held ? this.#nextAtHeld : this.#nextAt;
  }

  /** Takes the turn that is due first, at `now` when that was held up, and says which it was. */
  turn(now: number, held: boolean, behaviour: Behaviour): Turn | null {
    const first = this.#first(held);
    if (first === null) return null;
    this.#due.delete(first.kind);
    this.#take(first.kind, Math.max(first.at, now), behaviour);
    this.#changed();
    return first.kind;
  }

  start(now: number, behaviour: Behaviour): void {
    this.#state = "starting";
    this.#startedAt = now;
    this.#starts += 1;
    this.#bestRunMs = 0;
    this.#stalled = false;
    if (behaviour.startError !== null) {
      this.#fail({ kind: "notStarted", error: behaviour.startError, at: now }, behaviour);
      return;
    }
    this.#probed(now, false);
    if (!behaviour.neverReady) this.#due.set("admit", now + behaviour.startMs);
    if (behaviour.crashAfterMs !== null) this.#due.set("crash", now + behaviour.crashAfterMs);
    this.#changed();
  }

  /** It exits without having been asked to. */
  crash(now: number, behaviour: Behaviour): void {
    this.#fail({ kind: "code", code: 1, at: now }, behaviour);
  }

  /**
   * Readiness stops passing, and passes again `forMs` later; of a stalled one, `forMs` from now.
   * False when it was not ready.
   */
  stall(now: number, forMs: number, behaviour: Behaviour): boolean {
    const wasReady = this.#state === "ready";
    if (wasReady) this.#unready(now, behaviour);
    if (!this.#stalled) return false;
    this.#due.delete("admit");
    if (Number.isFinite(forMs)) this.#due.set("admit", now + forMs);
    this.#changed();
    return wasReady;
  }

  /** Readiness will pass after a start's time, if that is all that it lacks. */
  heal(now: number, behaviour: Behaviour): void {
    for (const trouble of ["crash", "unready", "exposed"] as const) this.#due.delete(trouble);
    const waits = this.#state === "starting" && !this.#due.has("admit") && !this.#due.has("ready");
    if (waits) this.#due.set("admit", now + behaviour.startMs);
    this.#changed();
  }

  drain(now: number, behaviour: Behaviour): void {
    const runs = this.#state === "starting" || this.#state === "ready";
    this.#due.clear();
    this.#leaveService("draining", now);
    this.#drainMs = runs ? behaviour.drainMs : 0;
    if (this.#routed) this.#unroute(now, behaviour);
    else if (this.#drainMs === 0) this.#leaveService("stopped", now);
    else this.#due.set("stopped", now + this.#drainMs);
    this.#changed();
  }

  /** `counted`: the data plane tells what is in flight. */
  view(counted: boolean): ReplicaView {
    this.#view ??= this.#seen();
    return counted ? this.#view : { ...this.#view, inFlight: null };
  }

  #seen(): ReplicaView {
    const inFlight = this.#state === "draining" ? 1 : 0;
    const [, number = ""] = this.id.split("-");
    return {
      id: this.id,
      revision: this.revision,
      state: this.#state,
      readySince: this.#readySince,
      routed: this.#routed,
      inFlight,
      startedAt: this.#startedAt,
      starts: this.#starts,
      lastProbe: this.#lastProbe,
      lastExit: this.#lastExit,
      restartAt: this.#due.get("restart") ?? null,
      process: this.#startedAt === null ? null : `${this.id}.${this.#starts}`,
      ...(this.#answers ? { address: `127.0.0.1:${20_000 + Number(number)}` } : {}),
    };
  }

  #first(held: boolean): { readonly kind: Turn; readonly at: number } | null {
    let first: { readonly kind: Turn; readonly at: number } | null = null;
    for (const [kind, at] of this.#due) {
      if (held && acknowledged.has(kind)) continue;
      if (first === null || at < first.at) first = { kind, at };
    }
    return first;
  }

  #changed(): void {
    this.#view = null;
    this.#nextAt = this.#first(false)?.at ?? Number.POSITIVE_INFINITY;
    this.#nextAtHeld = this.#first(true)?.at ?? Number.POSITIVE_INFINITY;
  }

  #take(kind: Turn, at: number, behaviour: Behaviour): void {
    switch (kind) {
      case "admit":
        this.#due.delete("unrouted");
        this.#stalled = false;
        this.#routed = true;
        this.#probed(at, true);
        this.#due.set("ready", at);
        return;
      case "ready":
        this.#state = "ready";
        this.#readySince = at;
        this.#answers = true;
        if (behaviour.liesForMs !== null) this.#due.set("exposed", at + behaviour.liesForMs);
        if (behaviour.flapMs !== null) this.#due.set("unready", at + behaviour.flapMs);
        return;
      case "unready":
        this.#unready(at, behaviour);
        this.#due.set("admit", at + (behaviour.flapMs ?? 0));
        return;
      case "exposed":
        this.#unready(at, behaviour);
        return;
      case "crash":
        this.crash(at, behaviour);
        return;
      case "restart":
        this.start(at, behaviour);
        return;
      case "unrouted":
        this.#routed = false;
        if (this.#state === "draining") this.#due.set("stopped", at + this.#drainMs);
        return;
      case "stopped":
        this.#leaveService("stopped", at);
    }
  }

  #fail(exit: Exit, behaviour: Behaviour): void {
    this.#due.clear();
    this.#lastExit = exit;
    this.#leaveService("failed", exit.at);
    this.#unroute(exit.at, behaviour);
    const good = this.#bestRunMs >= goodRunMs;
    const delayMs = good ? 0 : Math.min(longestBackoffMs, firstBackoffMs * 2 ** this.#failures);
    this.#failures = good ? 0 : this.#failures + 1;
    this.#due.set("restart", exit.at + delayMs);
    this.#changed();
  }

  #unready(at: number, behaviour: Behaviour): void {
    for (const trouble of ["unready", "exposed"] as const) this.#due.delete(trouble);
    this.#stalled = true;
    this.#leaveService("starting", at);
    this.#unroute(at, behaviour);
    this.#probed(at, false);
  }

  /** Requests may still come until every part of the data plane has acknowledged it. */
  #unroute(now: number, behaviour: Behaviour): void {
    this.#due.delete("ready");
    if (this.#routed) this.#due.set("unrouted", now + behaviour.unrouteMs);
  }

  #leaveService(state: ReplicaState, at: number): void {
    if (this.#readySince !== null) {
      this.#bestRunMs = Math.max(this.#bestRunMs, at - this.#readySince);
    }
    this.#state = state;
    this.#readySince = null;
    if (state === "failed" || state === "stopped") this.#answers = false;
  }

  #probed(at: number, ok: boolean): void {
    const evidence = ok ? "GET /ready → 200" : "GET /ready → 503";
    this.#lastProbe = { probe: "readiness", ok, evidence, at };
  }
}
