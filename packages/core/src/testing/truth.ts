import type { RouteTable } from "../model/route.ts";
import type { FakeEngine } from "./fake-engine.ts";

/** What is so in the fake engine, whatever was observed of it. */
export interface Truth {
  /** Available replicas of all revisions, and of each. */
  readonly available: number;
  readonly availableOf: ReadonlyMap<number, number>;
  /** Replicas that are not leaving, of all revisions, and of each. */
  readonly total: number;
  readonly liveOf: ReadonlyMap<number, number>;
  readonly levels: ReadonlyMap<number, number>;
  readonly running: ReadonlySet<number>;
  /** Leaving replicas that may still get requests. */
  readonly leavingRouted: readonly string[];
  readonly accepted: RouteTable;
  readonly inForce: RouteTable;
  readonly fits: boolean;
}

/** Reads the truth from the engine; available means ready for `minReadyMs`. */
export function truthOf(engine: FakeEngine, minReadyMs: number): Truth {
  const now = engine.elapsed;
  const availableOf = new Map<number, number>();
  const liveOf = new Map<number, number>();
  const running = new Set<number>();
  const leavingRouted: string[] = [];
  let available = 0;
  let total = 0;
  for (const replica of engine.replicas()) {
    const { revision, readySince } = replica;
    running.add(revision);
    if (replica.state !== "draining") {
      total += 1;
      liveOf.set(revision, (liveOf.get(revision) ?? 0) + 1);
    } else if (replica.routed) leavingRouted.push(replica.id);
    if (readySince === null || readySince + minReadyMs > now) continue;
    available += 1;
    availableOf.set(revision, (availableOf.get(revision) ?? 0) + 1);
  }
  return {
    available,
    availableOf,
    total,
    liveOf,
    levels: new Map(engine.levels()),
    running,
    leavingRouted,
    accepted: engine.dataPlane.accepted,
    inForce: engine.dataPlane.inForce,
    fits: engine.fits,
  };
}
