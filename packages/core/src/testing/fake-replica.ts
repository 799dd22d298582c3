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
  /** From the order to drain until no part of the data plane may send it requests. */
  readonly unrouteMs: number;
}

/** What happens to a fake replica by itself. */
export type Turn = "ready" | "crash" | "restart" | "unrouted" | "stopped";

const firstBackoffMs = 1000;
const longestBackoffMs = 60_000;

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
  #lastExit: Exit | null = null;
  #lastProbe: ProbeAnswer | null = null;

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

  get lastExit(): Exit | null {
    return this.#lastExit;
  }

  /** When it will take its next turn; Infinity when it takes none. */
  nextAt(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#due.values());
  }

  /** Takes the turn that is due first and says which it was. */
  turn(behaviour: Behaviour): Turn | null {
    const first = [...this.#due].sort(([, a], [, b]) => a - b)[0];
    if (first === undefined) return null;
    const [kind, at] = first;
    this.#due.delete(kind);
    this.#take(kind, at, behaviour);
    return kind;
  }

  start(now: number, behaviour: Behaviour): void {
    this.#state = "starting";
    this.#startedAt = now;
    this.#starts += 1;
    this.#probed(now, false);
    if (!behaviour.neverReady) this.#due.set("ready", now + behaviour.startMs);
    if (behaviour.crashAfterMs !== null) this.#due.set("crash", now + behaviour.crashAfterMs);
  }

  /** It exits without having been asked to. */
  crash(now: number): void {
    this.#due.clear();
    this.#lastExit = { kind: "code", code: 1, at: now };
    this.#leaveService("failed");
    this.#routed = false;
    const backoff = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (this.#starts - 1));
    this.#due.set("restart", now + backoff);
  }

  /** Readiness stops passing, and passes again `forMs` later. */
  stall(now: number, forMs: number): void {
    if (this.#state !== "ready") return;
    this.#leaveService("starting");
    this.#routed = false;
    this.#probed(now, false);
    if (Number.isFinite(forMs)) this.#due.set("ready", now + forMs);
  }

  drain(now: number, behaviour: Behaviour): void {
    const runs = this.#state === "starting" || this.#state === "ready";
    this.#due.clear();
    if (!runs || this.#startedAt === null) {
      this.#leaveService("stopped");
      return;
    }
    const unroutedAt = now + (this.#routed ? behaviour.unrouteMs : 0);
    this.#leaveService("draining");
    if (this.#routed) this.#due.set("unrouted", unroutedAt);
    this.#due.set("stopped", unroutedAt + behaviour.drainMs);
  }

  view(): ReplicaView {
    return {
      id: this.id,
      revision: this.revision,
      state: this.#state,
      readySince: this.#readySince,
      routed: this.#routed,
      inFlight: this.#state === "draining" ? 1 : 0,
      startedAt: this.#startedAt,
      starts: this.#starts,
      lastProbe: this.#lastProbe,
      lastExit: this.#lastExit,
      restartAt: this.#due.get("restart") ?? null,
      process: this.#startedAt === null ? null : `${this.id}.${this.#starts}`,
    };
  }

  #take(kind: Turn, at: number, behaviour: Behaviour): void {
    switch (kind) {
      case "ready":
        this.#state = "ready";
        this.#readySince = at;
        this.#routed = true;
        this.#probed(at, true);
        return;
      case "crash":
        this.crash(at);
        return;
      case "restart":
        this.start(at, behaviour);
        return;
      case "unrouted":
        this.#routed = false;
        return;
      case "stopped":
        this.#routed = false;
        this.#leaveService("stopped");
    }
  }

  #leaveService(state: ReplicaState): void {
    this.#state = state;
    this.#readySince = null;
  }

  #probed(at: number, ok: boolean): void {
    const evidence = ok ? "GET /ready → 200" : "GET /ready → 503";
    this.#lastProbe = { probe: "readiness", ok, evidence, at };
  }
}
