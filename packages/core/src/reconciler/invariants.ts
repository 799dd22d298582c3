import type { App } from "../model/app.ts";
import type { Mutation, Route, Scale } from "../model/mutation.ts";
import { type RouteRule, routedRevisions } from "../model/route.ts";
import { limitsAt, positionOf } from "./position.ts";
import { growingShares } from "./route-step.ts";
import { sum, unavailableOf } from "./scale-step.ts";
import { sideOf, type World } from "./world.ts";

/**
 * The rules of DESIGN §4 that a single mutation can break, each as a sentence with its figures.
 * Checked by the simulator and, before every mutation, by the controller: a broken one is a
 * fault in Hitless and stops it before it acts.
 */
export function violations(app: App, mutation: Mutation, world: World): readonly string[] {
  switch (mutation.kind) {
    case "scale":
      return scaleViolations(app, mutation, world);
    case "route":
      return routeViolations(app, mutation, world);
    case "collect":
      return references(app).has(mutation.revision)
        ? [`4: revision ${mutation.revision} is still referred to and must not be collected`]
        : [];
    case "migrate":
      return contractViolations(app, mutation.phase, world);
    case "hook":
      return [];
  }
}

/** Revisions that a route, a release, the keep-warm list or the way back refers to. */
export function references(app: App): ReadonlySet<number> {
  const all = [
    app.stable,
    app.release?.from,
    app.release?.to,
    app.pending?.to,
    ...app.kept.map((k) => k.revision),
    ...routedRevisions(app.route.rule),
  ];
  return new Set(all.filter((n) => n !== null && n !== undefined));
}

function scaleViolations(app: App, scale: Scale, world: World): readonly string[] {
  const found: string[] = [];
  const side = sideOf(world, scale.revision);
  const position = positionOf(app, world);
  const limits = limitsAt(app, position, world.now);
  const taken = Math.max(0, side.level - scale.replicas);
  const kept = app.kept.find((k) => k.warm && k.revision === scale.revision);
  if (kept !== undefined && kept.until > world.now && taken > 0) {
    found.push(`4: revision ${scale.revision} is kept warm`);
  }
  // What is only kept warm serves nobody.
  if (world.parked.has(scale.revision)) return found;
  const healthy = Math.max(0, taken - unavailableOf(side));
  const available = sum(world, (s) => s.available) - healthy;
  if (healthy > 0 && available < limits.minAvailable) {
    found.push(`1: ${available} available is below ${limits.minAvailable}`);
  }
  const unproven = position.arriving === null ? 0 : unavailableOf(sideOf(world, position.arriving));
  const running = sum(world, (s) => Math.max(s.live, s.level));
  const keeps = running - (taken - healthy) - unproven;
  const own = scale.revision === position.givenUp || scale.revision === position.arriving;
  if (taken > healthy && !own && keeps < limits.minAvailable) {
    found.push(`1: only ${keeps} replicas could be available again, below ${limits.minAvailable}`);
  }
  const added = Math.max(0, scale.replicas - side.level);
  const total = running + added;
  if (added > 0 && total > limits.maxTotal)
    found.push(`1: ${total} replicas is above ${limits.maxTotal}`);
  const weight = weightOf(app.route.rule, scale.revision);
  if (weight > 0 && scale.replicas === 0) {
    found.push(`2, 4: revision ${scale.revision} gets ${weight} % of the requests`);
  }
  return found;
}

function routeViolations(app: App, route: Route, world: World): readonly string[] {
  const { rule } = route.table;
  if (rule.kind === "byReplica") return [];
  const found = growingShares(app, world, rule)
    .filter(({ revision }) => sideOf(world, revision).available === 0)
    .map(({ revision }) => `2: revision ${revision} has no available replica`);
  if (rule.kind !== "byWeight") return found;
  const total = rule.weights.reduce((all, w) => all + w.weight, 0);
  return Math.abs(total - 100) < 1e-9 ? found : [...found, `7: weights sum to ${total} %`];
}

function contractViolations(app: App, phase: string, world: World): readonly string[] {
  if (phase !== "contract") return [];
  const old = [...world.sides.values()].filter(
    (s) => s.revision !== app.release?.to && (s.level > 0 || s.replicas.length > 0),
  );
  const kept = app.kept.filter((k) => k.revision !== app.release?.to && k.until > world.now);
  return [
    ...old.map((s) => `6: revision ${s.revision} still runs`),
    ...kept.map((k) => `6: revision ${k.revision} is kept`),
  ];
}

/** Weight of a revision under rules that do not follow capacity by themselves. */
function weightOf(rule: RouteRule, revision: number): number {
  switch (rule.kind) {
    case "byReplica":
      return 0;
    case "byWeight":
      if (!routedRevisions(rule).includes(revision)) return 0;
      return Math.max(0.1, rule.weights.find((w) => w.revision === revision)?.weight ?? 0);
    case "byMatch":
      return routedRevisions(rule).includes(revision) ? 100 : 0;
  }
}
