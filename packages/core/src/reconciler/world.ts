import type { App } from "../model/app.ts";
import type { Exit } from "../model/failure.ts";
import type { Known, Observed, ReplicaView, RevisionView, RouteView } from "../model/observed.ts";
import type { Why } from "../model/why.ts";

/** One revision's replicas, counted. */
export interface Side {
  readonly revision: number;
  /** The level last declared. */
  readonly level: number;
  /** Starting, ready and failed ones: everything that is not on its way out. */
  readonly live: number;
  /** Ready for at least `minReadySeconds`. */
  readonly available: number;
  readonly exits: number;
  readonly lastExit: Exit | null;
  readonly replicas: readonly ReplicaView[];
}

/** All that `next` rests on, when all of it could be read. */
export interface World {
  readonly sides: ReadonlyMap<number, Side>;
  readonly route: RouteView;
  /** Whether more replicas are known to fit. */
  readonly fits: boolean;
  readonly requests: Readonly<Record<number, number>>;
  readonly seen: Observed;
  readonly now: number;
  /** Revisions that are only kept warm: their replicas serve nobody and count for nothing. */
  readonly parked: ReadonlySet<number>;
}

/** What `next` needs to know of a revision beside its number. */
export type Facts = ReadonlyMap<number, { readonly minReadyMs: number }>;

/** The world, or why it cannot be known yet: no data is never taken for good data. */
export function readWorld(
  app: App,
  seen: Observed,
  at: { now: number; facts: Facts },
): World | Why {
  // What only one kind of step needs holds up nothing else: least of all a way back.
  const { replicas, revisions, route, capacity, requests } = seen;
  if (replicas.kind === "unknown") return unobservable("replicas", replicas);
  if (revisions.kind === "unknown") return unobservable("revisions", revisions);
  if (route.kind === "unknown") return unobservable("route", route);
  const ordered = app.ordered;
  if (ordered?.token !== null && ordered !== null) {
    const asOf = Math.min(replicas.asOf, revisions.asOf, route.asOf);
    if (asOf < ordered.token) {
      return { kind: "stale", mutation: ordered.mutation, since: ordered.since };
    }
  }
  return {
    sides: sidesOf(replicas.value, revisions.value, at),
    route: route.value,
    fits: capacity.kind === "known" && capacity.value.fits,
    requests: requests.kind === "known" ? requests.value : {},
    seen,
    now: at.now,
    parked: parkedIn(app),
  };
}

function parkedIn(app: App): ReadonlySet<number> {
  const inUse = [app.stable, app.release?.from, app.release?.to];
  const warm = app.kept.filter((k) => k.warm).map((k) => k.revision);
  return new Set(warm.filter((revision) => !inUse.includes(revision)));
}

/** When a ready replica becomes available (Kubernetes `minReadySeconds`). */
export function availableAt(replica: ReplicaView, facts: Facts): number | null {
  if (replica.state !== "ready" || replica.readySince === null) return null;
  return replica.readySince + (facts.get(replica.revision)?.minReadyMs ?? 0);
}

/** The side of a revision; one with nothing when the engine has never heard of it. */
export function sideOf(world: World, revision: number): Side {
  return world.sides.get(revision) ?? emptySide(revision);
}

export function isWhy(result: World | Why): result is Why {
  return "kind" in result;
}

export function unobservable(
  what: string,
  part: Extract<Known<unknown>, { kind: "unknown" }>,
): Why {
  return { kind: "unobservable", what, reason: part.reason, since: part.since };
}

function emptySide(revision: number): Side {
  return { revision, level: 0, live: 0, available: 0, exits: 0, lastExit: null, replicas: [] };
}

function sidesOf(
  replicas: readonly ReplicaView[],
  revisions: readonly RevisionView[],
  at: { now: number; facts: Facts },
): ReadonlyMap<number, Side> {
  const numbers = new Set([...revisions, ...replicas].map((r) => r.revision));
  return new Map(
    [...numbers].map((revision) => {
      const own = replicas.filter((r) => r.revision === revision && r.state !== "stopped");
      const live = own.filter((r) => r.state !== "draining");
      const view = revisions.find((r) => r.revision === revision);
      const side: Side = {
        revision,
        level: view?.level ?? 0,
        live: live.length,
        available: live.filter((r) => (availableAt(r, at.facts) ?? Infinity) <= at.now).length,
        exits: view?.exits ?? 0,
        lastExit: view?.lastExit ?? null,
        replicas: own,
      };
      return [revision, side];
    }),
  );
}
