import { HitlessError } from "../errors.ts";
import { addDrains, type DrainTotals, noDrains } from "../model/drains.ts";
import type { Exit } from "../model/failure.ts";
import type { ReplicaView, RevisionView } from "../model/observed.ts";
import { type Behaviour, FakeReplica, type Turn } from "./fake-replica.ts";

/** What the fleet asks of the engine that it is a part of. */
export interface FleetHost {
  /** How a replica of this revision behaves from its next start, drain or exit on. */
  behaviourOf(revision: number): Behaviour;
  /** How many replicas fit, draining ones included; null: any number. */
  slots(): number | null;
  say(replica: FakeReplica, text: string): void;
}

/** The replicas of a fake engine and the levels that it keeps of them. */
export class FakeFleet {
  readonly #host: FleetHost;
  readonly #levels = new Map<number, number>();
  readonly #collected = new Set<number>();
  readonly #exits = new Map<number, { readonly count: number; readonly last: Exit | null }>();
  #replicas: readonly FakeReplica[] = [];
  #born = 0;
  #losses = 0;
  #drains = noDrains;

  constructor(host: FleetHost) {
    this.#host = host;
  }

  get all(): readonly FakeReplica[] {
    return this.#replicas;
  }

  get levels(): ReadonlyMap<number, number> {
    return this.#levels;
  }

  /** Ready replicas that were lost so far without anybody having asked for it. */
  get losses(): number {
    return this.#losses;
  }

  /** Each replica that was drained says that it answered the one request that it had in flight. */
  get drains(): DrainTotals {
    return this.#drains;
  }

  /** False when the level is what it was. */
  setLevel(revision: number, level: number): boolean {
    if (this.#levels.get(revision) === level) return false;
    this.#levels.set(revision, level);
    return true;
  }

  /** Throws REFUSED when it has a level or a replica. */
  collect(revision: number): boolean {
    if (this.#levels.get(revision) || this.#meant(revision).length > 0) {
      throw new HitlessError("REFUSED", `revision ${revision} has a level or a replica`);
    }
    this.#collected.add(revision);
    this.#exits.delete(revision);
    return this.#levels.delete(revision);
  }

  collected(revision: number): boolean {
    return this.#collected.has(revision);
  }

  /** When a replica will change by itself next. */
  nextAt(held: boolean): number {
    let next = Number.POSITIVE_INFINITY;
    for (const replica of this.#replicas) next = Math.min(next, replica.nextAt(held));
    return next;
  }

  /** Every replica takes the turns that are due. */
  turn(due: number, now: number, held: boolean): void {
    for (const replica of this.#replicas) {
      while (replica.nextAt(held) <= due) this.#turnOne(replica, now, held);
    }
    this.#forgetStopped();
  }

  /** Starts what is missing, lets go what is too many. */
  keepLevels(now: number): void {
    for (const [revision, live] of this.#live()) {
      const surplus = live.length - (this.#levels.get(revision) ?? 0);
      if (surplus <= 0) continue;
      const victims = live.sort(leastUsefulFirst).slice(0, surplus);
      for (const victim of victims) victim.drain(now, this.#host.behaviourOf(revision));
    }
    this.#forgetStopped();
    const live = this.#live();
    for (const [revision, level] of this.#levels) {
      const missing = level - (live.get(revision)?.length ?? 0);
      for (let n = 0; n < missing && this.fits(); n += 1) this.#bear(revision, now);
    }
  }

  fits(): boolean {
    const slots = this.#host.slots();
    return slots === null || this.#replicas.length < slots;
  }

  /** A ready replica of those exits by itself; false when there is none. */
  kill(target: number | string, now: number): boolean {
    const victim = this.#meant(target).find((r) => r.state === "ready");
    if (victim === undefined) return false;
    victim.crash(now, this.#host.behaviourOf(victim.revision));
    this.#losses += 1;
    this.#noteExit(victim);
    return true;
  }

  /** Readiness of those that are ready fails for a while (Infinity: for good). */
  stall(target: number | string, now: number, forMs: number): void {
    for (const replica of this.#meant(target)) {
      if (replica.stall(now, forMs, this.#host.behaviourOf(replica.revision))) this.#losses += 1;
    }
  }

  heal(revision: number, now: number): void {
    for (const replica of this.#meant(revision)) {
      replica.heal(now, this.#host.behaviourOf(revision));
    }
  }

  /** `counted`: the data plane tells what is in flight. */
  views(counted: boolean): readonly ReplicaView[] {
    return this.#replicas.map((r) => r.view(counted));
  }

  revisionViews(): readonly RevisionView[] {
    return [...this.#levels].map(([revision, level]) => {
      const exits = this.#exits.get(revision);
      return { revision, level, exits: exits?.count ?? 0, lastExit: exits?.last ?? null };
    });
  }

  /** Revisions with a ready replica. */
  ready(): ReadonlySet<number> {
    const ready = new Set<number>();
    for (const { state, revision } of this.#replicas) if (state === "ready") ready.add(revision);
    return ready;
  }

  #meant(target: number | string): readonly FakeReplica[] {
    return this.#replicas.filter((r) => r.id === target || r.revision === target);
  }

  #turnOne(replica: FakeReplica, now: number, held: boolean): void {
    const was = replica.state;
    const turn = replica.turn(now, held, this.#host.behaviourOf(replica.revision));
    if (was === "ready" && isLoss(turn)) this.#losses += 1;
    if (turn === "crash") this.#noteExit(replica);
    if (turn === "stopped") {
      this.#drains = addDrains(this.#drains, {
        ...noDrains,
        receipts: 1,
        inFlight: 1,
        finished: 1,
      });
    }
    if (turn === "restart") this.#started(replica);
    else this.#host.say(replica, turn ?? "nothing");
  }

  #bear(revision: number, now: number): void {
    this.#born += 1;
    const replica = new FakeReplica(`r${revision}-${this.#born}`, revision);
    replica.start(now, this.#host.behaviourOf(revision));
    this.#replicas = [...this.#replicas, replica];
    this.#started(replica);
  }

  #started(replica: FakeReplica): void {
    if (replica.state === "failed") this.#noteExit(replica);
    else this.#host.say(replica, `start ${replica.starts}`);
  }

  #noteExit(replica: FakeReplica): void {
    const before = this.#exits.get(replica.revision)?.count ?? 0;
    this.#exits.set(replica.revision, { count: before + 1, last: replica.lastExit });
  }

  /** By revision, those that are not leaving. */
  #live(): ReadonlyMap<number, FakeReplica[]> {
    const live = new Map<number, FakeReplica[]>();
    for (const replica of this.#replicas) {
      if (replica.state === "draining") continue;
      const own = live.get(replica.revision);
      if (own === undefined) live.set(replica.revision, [replica]);
      else own.push(replica);
    }
    return live;
  }

  #forgetStopped(): void {
    if (this.#replicas.every((r) => r.state !== "stopped")) return;
    this.#replicas = this.#replicas.filter((r) => r.state !== "stopped");
  }
}

function isLoss(turn: Turn | null): boolean {
  return turn === "crash" || turn === "unready" || turn === "exposed";
}

/** Those that are not ready first, then those ready for the shortest time, as Kubernetes chooses. */
function leastUsefulFirst(a: FakeReplica, b: FakeReplica): number {
  return readySinceOf(b) - readySinceOf(a);
}

function readySinceOf(replica: FakeReplica): number {
  return replica.readySince ?? Number.MAX_SAFE_INTEGER;
}
