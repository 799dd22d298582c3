import type { App } from "../model/app.ts";
import type { Mutation } from "../model/mutation.ts";
import { type RouteRule, type RouteTable, routedRevisions } from "../model/route.ts";
import type { Strategy } from "../model/strategy.ts";
import type { Amount } from "../model/waypoint.ts";
import type { FakeEngine } from "./fake-engine.ts";

/** What is so in the fake engine, whatever was observed of it. */
export interface Truth {
  /** Available replicas of all revisions, and of each. */
  readonly available: number;
  readonly availableOf: ReadonlyMap<number, number>;
  /** Replicas that are not leaving. */
  readonly total: number;
  readonly levels: ReadonlyMap<number, number>;
  readonly running: ReadonlySet<number>;
  /** Leaving replicas that may still get requests. */
  readonly leavingRouted: readonly string[];
  readonly accepted: RouteTable;
  readonly inForce: RouteTable;
}

/** Reads the truth from the engine; available means ready for `minReadyMs`. */
export function truthOf(engine: FakeEngine, minReadyMs: number): Truth {
  const now = engine.now();
  const replicas = engine.replicas();
  const available = replicas.filter((r) => (r.readySince ?? Infinity) + minReadyMs <= now);
  const counts = new Map<number, number>();
  for (const r of available) counts.set(r.revision, (counts.get(r.revision) ?? 0) + 1);
  const routed = replicas.filter((r) => r.routed);
  return {
    available: available.length,
    availableOf: counts,
    total: replicas.filter((r) => r.state !== "draining").length,
    levels: new Map(engine.levels()),
    running: new Set(replicas.map((r) => r.revision)),
    leavingRouted: routed.filter((r) => r.state === "draining").map((r) => r.id),
    accepted: engine.dataPlane.accepted,
    inForce: engine.dataPlane.inForce,
  };
}

/**
 * The invariants of DESIGN §4 that this one mutation broke, told from the truth and from the
 * app's strategy alone: none of the reconciler's own arithmetic is used.
 */
export function brokenBy(
  mutation: Mutation,
  at: { readonly app: App; readonly before: Truth; readonly after: Truth },
): readonly string[] {
  const barred = barrierBroken(mutation, at.app, at.before);
  switch (mutation.kind) {
    case "scale":
      return [
        ...barred,
        ...paceBroken(mutation.revision, at),
        ...weightBroken(mutation, at.before),
      ];
    case "route":
      return [...barred, ...routeBroken(mutation.table.rule, at.before)];
    case "collect":
      return [...barred, ...referenceBroken(mutation.revision, at.app, at.before)];
    case "migrate":
      return mutation.phase === "contract" ? contractBroken(at.app, at.before) : [];
    case "hook":
      return [];
  }
}

/** The invariants that hold at every instant, whoever acted. */
export function brokenAfter(app: App, truth: Truth): readonly string[] {
  const inMotion = [...truth.levels].filter(([, level]) => level > 0);
  return [
    ...(inMotion.length > 2 ? [`truth 8: ${inMotion.length} revisions have replicas`] : []),
    ...(app.release === null && inMotion.length > 1 ? ["truth 8: two levels and no release"] : []),
  ];
}

function barrierBroken(mutation: Mutation, app: App, before: Truth): readonly string[] {
  const handedOver = before.accepted.generation >= app.route.generation;
  if (!handedOver) return [];
  const broken: string[] = [];
  if (before.inForce.generation < before.accepted.generation) {
    broken.push(`barrier: ${mutation.kind} before generation ${before.accepted.generation}`);
  }
  return [
    ...broken,
    ...before.leavingRouted.map((id) => `barrier: ${mutation.kind} while ${id} is still routed`),
  ];
}

function paceBroken(
  revision: number,
  at: { readonly app: App; readonly before: Truth; readonly after: Truth },
): readonly string[] {
  const { app, before, after } = at;
  const desired = app.desired.replicas;
  const { surge, unavailable } = roomOf(app);
  const broken: string[] = [];
  if (after.available < before.available && after.available < desired - unavailable) {
    broken.push(`truth 1: ${after.available} available, ${desired} less ${unavailable} wanted`);
  }
  const grew = (after.levels.get(revision) ?? 0) > (before.levels.get(revision) ?? 0);
  const total = [...after.levels.values()].reduce((all, level) => all + level, 0);
  if (grew && Math.max(total, after.total) > desired + surge) {
    broken.push(`truth 1: ${total} replicas, ${desired} plus ${surge} allowed`);
  }
  return broken;
}

/** Surge and unavailable in whole replicas, from the strategy's own words. */
function roomOf(app: App): { readonly surge: number; readonly unavailable: number } {
  const desired = app.desired.replicas;
  const { release } = app;
  if (release === null) return { surge: 1, unavailable: 0 };
  if (release.from === null) return { surge: 0, unavailable: desired };
  return roomOfStrategy(app.settings.strategy, desired);
}

function roomOfStrategy(strategy: Strategy, desired: number) {
  switch (strategy.kind) {
    case "rolling": {
      const surge = whole(strategy.maxSurge, desired, "up");
      const unavailable = whole(strategy.maxUnavailable, desired, "down");
      return { surge, unavailable: surge + unavailable === 0 ? 1 : unavailable };
    }
    case "recreate":
      return { surge: 0, unavailable: desired };
    default:
      return { surge: desired, unavailable: 0 };
  }
}

/** In integers, as Kubernetes does: 7 % of 100 is 7. */
function whole(amount: Amount, desired: number, way: "up" | "down"): number {
  if (typeof amount === "number") return amount;
  const hundredths = Number.parseInt(amount, 10) * desired;
  const down = (hundredths - (hundredths % 100)) / 100;
  return way === "up" && hundredths % 100 > 0 ? down + 1 : down;
}

function weightBroken(
  scale: Extract<Mutation, { kind: "scale" }>,
  before: Truth,
): readonly string[] {
  if (scale.replicas > 0) return [];
  return [before.accepted, before.inForce].flatMap(({ rule, generation }) =>
    rule.kind !== "byReplica" && routedRevisions(rule).includes(scale.revision)
      ? [`truth 2, 4: generation ${generation} routes to revision ${scale.revision}`]
      : [],
  );
}

function routeBroken(rule: RouteRule, before: Truth): readonly string[] {
  if (rule.kind === "byReplica") return [];
  const empty = routedRevisions(rule)
    .filter((revision) => (before.availableOf.get(revision) ?? 0) === 0)
    .map((revision) => `truth 2: nobody of revision ${revision} is available`);
  if (rule.kind !== "byWeight") return empty;
  const total = rule.weights.reduce((all, w) => all + w.weight, 0);
  return Math.abs(total - 100) < 1e-6 ? empty : [...empty, `truth 7: weights sum to ${total}`];
}

function referenceBroken(revision: number, app: App, before: Truth): readonly string[] {
  const named = [app.stable, app.release?.from, app.release?.to, app.pending?.to];
  const routed = [before.accepted, before.inForce].flatMap((t) => routedRevisions(t.rule));
  const kept = app.kept.map((k) => k.revision);
  const found = [...named, ...routed, ...kept].includes(revision) || before.running.has(revision);
  return found ? [`truth 4: revision ${revision} is still needed`] : [];
}

function contractBroken(app: App, before: Truth): readonly string[] {
  return [...before.running]
    .filter((revision) => revision !== app.release?.to)
    .map((revision) => `truth 6: revision ${revision} still runs`);
}
