import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Scale } from "../model/mutation.ts";
import type { Observation, Observed } from "../model/observed.ts";
import type { Release } from "../model/release.ts";
import type { Waypoint } from "../model/waypoint.ts";
import type { Why } from "../model/why.ts";
import { dueMeasurements, judgedSoFar } from "./analysis-step.ts";
import { lookAgainMs, mutate, wait } from "./decide.ts";
import { finish } from "./finish.ts";
import { holdStep, pendingVerdicts, watchStep } from "./hold-step.ts";
import { references } from "./invariants.ts";
import { asksRate, whyNotNow } from "./may-begin.ts";
import { contractStep, hookKey, outsideStep } from "./outside-step.ts";
import { atMost, courseOf, limitsAt, type Position, positionOf } from "./position.ts";
import { failureNow, progressed, restartClock } from "./progress.ts";
import { reached } from "./reached.ts";
import { startPending } from "./requests.ts";
import { routeStands, routeStep, shutPreview } from "./route-step.ts";
import { growthStep, shrinkStep, sum } from "./scale-step.ts";
import { account } from "./traffic.ts";
import { turnBackDecision } from "./turn-back.ts";
import { type Facts, isWhy, readWorld, sideOf, unobservable, type World } from "./world.ts";

/** What the loop must read before it calls `next`. Reading is no mutation. */
export function needs(app: App, now: number): readonly Observation[] {
  const { release } = app;
  const at = release === null ? undefined : courseOf(release)[release.cursor];
  const all: Observation[] = [{ kind: "engine" }];
  if (asksRate(app)) all.push({ kind: "rate" });
  if (release === null || at === undefined) return all;
  if (at.schema !== null) all.push({ kind: "schema" });
  for (const hook of at.before) {
    const key = hookKey(app, release, { waypoint: at, hook });
    if (release.effects?.[key] === undefined) all.push({ kind: "hook", key, hook });
  }
  all.push(...dueMeasurements(release, at, now));
  for (const name of pendingVerdicts(at)) all.push({ kind: "verdict", name });
  return all;
}

/**
 * The one decision function: releasing, scaling, healing after drift, aborting and rolling back
 * are all "stand where the position says". Pure; the same inputs give the same decision.
 */
export function next(app: App, seen: Observed, at: { now: number; facts: Facts }): Decision {
  const world = readWorld(app, seen, at);
  if (isWhy(world)) return wait(world, at.now + lookAgainMs);
  // Into every app that is decided on: it is persisted with that, and by itself never.
  const counted = account(app, seen);
  return (
    barrier(world) ??
    expireKept(counted, world) ??
    startPending(counted, { now: at.now, rate: seen.rate }) ??
    moveRelease(counted, world, at.facts) ??
    stand(counted, world, at.facts)
  );
}

function barrier(world: World): Decision | null {
  const generation = world.route.accepted;
  if (world.route.inForce < generation) {
    return wait(
      { kind: "routeBarrier", generation, lagging: world.route.lagging },
      world.now + lookAgainMs,
    );
  }
  const replicas = [...world.sides.values()].flatMap((side) =>
    side.replicas.filter((r) => r.state === "draining" && r.routed).map((r) => r.id),
  );
  if (replicas.length > 0) return wait({ kind: "unrouting", replicas }, world.now + lookAgainMs);
  return null;
}

/** Revisions are kept for a time, not for good. Their replicas go first: they serve nobody. */
function expireKept(app: App, world: World): Decision | null {
  const over = app.kept.filter((k) => k.until <= world.now).map((k) => k.revision);
  if (over.length === 0) return null;
  const warm = over.find((n) => world.parked.has(n) && sideOf(world, n).level > 0);
  if (warm !== undefined) return mutate(app, { kind: "scale", revision: warm, replicas: 0 }, world);
  const kept = app.kept.filter((k) => k.until > world.now);
  return {
    kind: "advance",
    app: { ...app, kept },
    why: { kind: "keptExpired", revisions: over },
  };
}

/** What a release decides before anything is moved: failure, progress, a pause. */
function moveRelease(app: App, world: World, facts: Facts): Decision | null {
  const { release } = app;
  if (release === null) return null;
  const position = positionOf(app, world);
  // Progress first: what came while nobody could look must not be called late.
  const further = progressed(app, position, world);
  if (further !== null) return further;
  const failure = failureNow(release, position, world);
  if (failure !== null) return turnBackDecision(app, failure, world.now);
  if (release.paused === null) return watchStep(app, position.waypoint, world);
  const { by, since } = release.paused;
  return wait({ kind: "paused", by, since }, nextChange(world, facts) ?? world.now + lookAgainMs);
}

function stand(app: App, world: World, facts: Facts): Decision {
  const position = positionOf(app, world);
  const { waypoint } = position;
  const shut = shutPreview(app, position, world);
  // Its hooks would meet whoever has the port.
  if (shut !== null && waypoint.before.length > 0) return wait(shut, world.now + lookAgainMs);
  const outside = outsideStep(app, waypoint, world);
  if (outside !== null) return outside;
  const limits = limitsAt(app, position, world.now);
  const grow = growthStep(position, world, limits);
  if (grow !== null && world.fits) return mutate(app, grow, world);
  const excess = shrinkStep(atMost(position, app, world), world, limits);
  if (excess !== null) return mutate(app, excess, world);
  const route = routeStep(app, position, { world, limits });
  if (route !== null) return mutate(app, route, world);
  if (routeStands(app, position, world)) {
    const shrink = shrinkStep(position, world, limits);
    if (shrink !== null) return mutate(app, shrink, world);
  }
  // Only now: what leaves may make the room that is missing.
  if (grow !== null) return wait(noRoom(grow, world), world.now + lookAgainMs);
  const missing = reached(app, position, { world, facts });
  if (missing !== null) {
    // What is waited for may change its mind without a word: a probe that answers differently.
    const soon = world.now + lookAgainMs;
    return wait(missing.why, Math.min(missing.lookAgain ?? soon, soon));
  }
  return shut === null ? arrive(app, position, world) : wait(shut, world.now + lookAgainMs);
}

function noRoom(grow: Scale, world: World): Why {
  const { capacity } = world.seen;
  if (capacity.kind === "unknown") return unobservable("capacity", capacity);
  return { kind: "noCapacity", revision: grow.revision, detail: capacity.value.detail };
}

/** The position is reached: holds, then the next waypoint; a finished release; or steady state. */
function arrive(app: App, position: Position, world: World): Decision {
  const { release } = app;
  if (release === null) return rest(app, world);
  const course = courseOf(release);
  if (release.cursor >= course.length) return finish(app, world);
  const held = holdStep(app, position.waypoint, world);
  if (held !== null) return held;
  const contract = contractStep(app, position.waypoint, world);
  if (contract !== null) return contract;
  return leave(app, release, { waypoint: position.waypoint, now: world.now });
}

/** On to the next waypoint. What is kept warm counts from here. */
function leave(
  app: App,
  release: Release,
  { waypoint, now }: { readonly waypoint: Waypoint; readonly now: number },
): Decision {
  const { analysis: _over, ...rest } = release;
  const onward: Release = {
    ...rest,
    ...judgedSoFar(release, now),
    cursor: release.cursor + 1,
    enteredAt: now,
    reached: null,
    waived: release.waived === "all" ? "all" : "none",
  };
  const kept = keptWarm(app, release, { waypoint, now });
  return {
    kind: "advance",
    app: { ...app, kept, release: restartClock(app, onward, now) },
    why: {
      kind: "waypointReached",
      waypoint: waypoint.id,
      ...(release.reached === null ? {} : { passed: true }),
    },
  };
}

/** One side is kept warm at a time: whoever was before is over now. */
function keptWarm(
  app: App,
  release: Release,
  { waypoint, now }: { readonly waypoint: Waypoint; readonly now: number },
): App["kept"] {
  const { keepWarmMs } = waypoint;
  const { direction, from } = release;
  if (keepWarmMs === undefined || direction === "back" || from === null) return app.kept;
  const others = app.kept
    .filter((k) => k.revision !== from)
    .map((k) => (k.warm ? { ...k, until: Math.min(k.until, now) } : k));
  return [...others, { revision: from, warm: true, until: now + keepWarmMs }];
}

/** Nothing under way: throw away what nobody can come back to, else steady. */
function rest(app: App, world: World): Decision {
  const keep = new Set([...app.served.slice(-app.settings.keepRevisions), ...references(app)]);
  for (const side of world.sides.values()) {
    const idle = side.level === 0 && side.replicas.length === 0;
    if (idle && !keep.has(side.revision)) {
      return mutate(app, { kind: "collect", revision: side.revision }, world);
    }
  }
  // All may be ready and nobody can reach them: a proxy that is away is no steady state.
  const { lagging } = world.route;
  if (lagging.length > 0) {
    const { generation } = app.route;
    return wait({ kind: "routeBarrier", generation, lagging }, world.now + lookAgainMs);
  }
  const { pending } = app;
  const notNow = pending && whyNotNow(app, pending, { now: world.now, rate: world.seen.rate });
  if (notNow !== null) return wait(notNow, world.now + lookAgainMs);
  const available = sum(world, (side) => side.available);
  return {
    kind: "steady",
    why: { kind: "steady", revision: app.stable, available, desired: app.desired.replicas },
  };
}

function nextChange(world: World, facts: Facts): number | null {
  const times = [...world.sides.values()]
    .flatMap((side) => side.replicas)
    .map((r) => (r.readySince ?? 0) + (facts.get(r.revision)?.minReadyMs ?? 0))
    .filter((t) => t > world.now);
  return times.length === 0 ? null : Math.min(...times);
}
