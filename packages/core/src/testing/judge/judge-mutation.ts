import type { App } from "../../model/app.ts";
import type { Mutation } from "../../model/mutation.ts";
import { type RouteRule, type RouteTable, routedRevisions } from "../../model/route.ts";
import type { Strategy } from "../../model/strategy.ts";
import type { Amount, Waypoint } from "../../model/waypoint.ts";
import type { Truth } from "../truth.ts";

/** What a mutation is judged by: the app that decided it, and what was so before and after. */
export interface Deed {
  readonly app: App;
  /** The strategy that the release under way was made with. */
  readonly strategy: Strategy;
  readonly now: number;
  readonly before: Truth;
  readonly after: Truth;
}

/**
 * The invariants of DESIGN §4 that this one mutation broke, told from the truth, the strategy and
 * the plan alone: none of the reconciler's own arithmetic is used.
 */
export function brokenBy(mutation: Mutation, deed: Deed): readonly string[] {
  const barred = barrierBroken(mutation, deed);
  switch (mutation.kind) {
    case "scale":
      return [
        ...barred,
        ...paceBroken(mutation.revision, deed),
        ...weightBroken(mutation, deed),
        ...keptBroken(mutation.revision, deed),
        ...bakeBroken(mutation.revision, deed),
      ];
    case "route":
      return [
        ...barred,
        ...routeBroken(mutation.table.rule, deed),
        ...previewBroken(mutation.table, deed),
        ...wayBackBroken(mutation.table.rule, deed),
      ];
    case "collect":
      return [...barred, ...referenceBroken(mutation.revision, deed)];
    case "migrate":
      return mutation.phase === "contract" ? contractBroken(deed) : expandBroken(deed);
    case "hook":
      return [];
  }
}

/** Whether what a mutation asks for was so already, so that it changes nothing. */
export function held(mutation: Mutation, before: Truth): boolean {
  switch (mutation.kind) {
    case "scale":
      return (before.levels.get(mutation.revision) ?? -1) === mutation.replicas;
    case "route":
      return mutation.table.generation <= before.accepted.generation;
    default:
      return false;
  }
}

/** Share of the requests that a rule may give to a revision, 0 to 1; null: it follows capacity. */
export function shareOf(rule: RouteRule, revision: number): number | null {
  switch (rule.kind) {
    case "byReplica":
      return null;
    case "byWeight":
      return Math.max(weightOf(rule, revision) / 100, isChosen(rule, revision) ? leastShare : 0);
    case "byMatch":
      return routedRevisions(rule).includes(revision) ? 1 : 0;
  }
}

/** One mutation, then its barrier, then the next. */
function barrierBroken(mutation: Mutation, { app, before }: Deed): readonly string[] {
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

function paceBroken(revision: number, deed: Deed): readonly string[] {
  const { app, before, after } = deed;
  const desired = app.desired.replicas;
  const { surge, unavailable } = roomOf(deed);
  const broken: string[] = [];
  const available = sumOf(after.availableOf, app);
  if (available < sumOf(before.availableOf, app) && available < desired - unavailable) {
    broken.push(`truth 1: ${available} available, ${desired} less ${unavailable} wanted`);
  }
  const grew = (after.levels.get(revision) ?? 0) > (before.levels.get(revision) ?? 0);
  const total = Math.max(sumOf(after.levels, app), sumOf(after.liveOf, app));
  if (grew && total > desired + surge) {
    broken.push(`truth 1: ${total} replicas, ${desired} plus ${surge} allowed`);
  }
  return broken;
}

/** Over the revisions that take part: those that are only kept warm serve nobody. */
function sumOf(counts: ReadonlyMap<number, number>, app: App): number {
  let sum = 0;
  for (const [revision, count] of counts) {
    const inUse = revision === app.stable || revision === app.release?.to;
    if (inUse || !app.kept.some((k) => k.warm && k.revision === revision)) sum += count;
  }
  return sum;
}

/** Surge and unavailable in whole replicas, from the strategy's own words. */
function roomOf(deed: Deed): { readonly surge: number; readonly unavailable: number } {
  const { release, desired } = deed.app;
  if (release === null) return { surge: 1, unavailable: 0 };
  if (release.from === null) return { surge: 0, unavailable: desired.replicas };
  const room = roomOfStrategy(deed.strategy, desired.replicas);
  const stuck = release.direction === "back" && deed.now >= release.progress.deadlineAt;
  if (!stuck || desired.replicas < 2) return room;
  // Stable did not come up: one replica less than all is enough to leave a bad revision.
  return { ...room, unavailable: Math.max(1, room.unavailable) };
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

/** Weight before capacity removal: who has a share keeps the replicas for it. */
function weightBroken(
  scale: Extract<Mutation, { kind: "scale" }>,
  { app, before, after }: Deed,
): readonly string[] {
  const { revision } = scale;
  const was = before.levels.get(revision) ?? 0;
  const is = after.levels.get(revision) ?? 0;
  if (is >= was) return [];
  return [before.accepted, before.inForce].flatMap(({ rule, generation }) => {
    const share = shareOf(rule, revision) ?? 0;
    const needed = share === 0 ? 0 : Math.max(1, neededFor(share, revision, app));
    return is < needed
      ? [`truth 2, 4: generation ${generation} needs ${needed} of revision ${revision}, not ${is}`]
      : [];
  });
}

type ByWeight = Extract<RouteRule, { kind: "byWeight" }>;

/** Whoever may be chosen gets something, whatever its weight. */
const leastShare = 0.001;

function weightOf({ weights }: ByWeight, revision: number): number {
  return weights.find((w) => w.revision === revision)?.weight ?? 0;
}

function isChosen({ first = [] }: ByWeight, revision: number): boolean {
  return first.some((rule) => rule.revision === revision);
}

/** An address of its own is the canary's, and only on its way forward. */
function previewBroken({ preview }: RouteTable, { app: { release } }: Deed): readonly string[] {
  if (preview === undefined) return [];
  const own = release?.direction === "forward" && release.to === preview.revision;
  return own ? [] : [`preview: port ${preview.port} is given to revision ${preview.revision}`];
}

/** Capacity before weight: no mutation moves traffic to capacity that is not there. */
function routeBroken(rule: RouteRule, { app, before }: Deed): readonly string[] {
  if (rule.kind === "byReplica") return [];
  const broken = routedRevisions(rule).flatMap((revision) => {
    const share = shareOf(rule, revision) ?? 0;
    // By replica, a revision may have had any share.
    const was = routedRevisions(before.accepted.rule).includes(revision) ? 1 : 0;
    if (share <= (shareOf(before.accepted.rule, revision) ?? was)) return [];
    const needed = Math.max(1, neededFor(share, revision, app));
    const there = before.availableOf.get(revision) ?? 0;
    return there < needed
      ? [`truth 2: revision ${revision} has ${there} available, its share needs ${needed}`]
      : [];
  });
  if (rule.kind !== "byWeight") return broken;
  const total = rule.weights.reduce((all, w) => all + w.weight, 0);
  return Math.abs(total - 100) < 1e-6 ? broken : [...broken, `truth 7: weights sum to ${total}`];
}

/** The way back takes requests off the side that it leaves, and gives it none. */
function wayBackBroken(rule: RouteRule, { app, before }: Deed): readonly string[] {
  const { release } = app;
  if (release?.direction !== "back") return [];
  // By replica, a side without one gets none.
  const there = (before.levels.get(release.to) ?? 0) > 0;
  if (!there || !routedRevisions(rule).includes(release.to)) return [];
  const was = shareOf(before.accepted.rule, release.to);
  const is = shareOf(rule, release.to);
  const grows = was !== null && (is === null || is > was);
  return grows ? [`truth 2: the way back gives requests to revision ${release.to}`] : [];
}

/**
 * Replicas that a share of the requests needs: as many of the desired number, fewer where the plan
 * names a number itself, one less than all on the way back, and back to a side that is warm.
 */
function neededFor(share: number, revision: number, app: App): number {
  const { release } = app;
  const desired = app.desired.replicas;
  const goesBack = release?.direction === "back" || isInstant(release);
  if (goesBack) return Math.ceil(rounded(share * Math.max(1, desired - 1)));
  const whole = Math.ceil(rounded(share * desired));
  const own = revision === release?.to ? release.plan[release.cursor]?.replicas.canary : undefined;
  return own?.kind === "fixed" ? Math.min(own.n, whole) : whole;
}

/** A rollback that begins with the switch goes to a side that was kept warm. */
function isInstant(release: App["release"]): boolean {
  return release?.kind === "rollback" && release.plan[0]?.id === "switch";
}

function rounded(n: number): number {
  return Math.round(n * 1e6) / 1e6;
}

function keptBroken(revision: number, { app, before, after, now }: Deed): readonly string[] {
  const warm = app.kept.some((k) => k.warm && k.revision === revision && k.until > now);
  const shrank = (after.levels.get(revision) ?? 0) < (before.levels.get(revision) ?? 0);
  return warm && shrank ? [`truth 4: revision ${revision} is kept warm`] : [];
}

/** While the plan says that stable keeps its full size, nothing of it is taken. */
function bakeBroken(revision: number, { app, before, after }: Deed): readonly string[] {
  const { release } = app;
  if (release?.direction !== "forward" || revision !== release.from) return [];
  const at: Waypoint | undefined = release.plan[release.cursor];
  const { stable } = at?.replicas ?? {};
  if (stable?.kind !== "share" || stable.of < 1) return [];
  const is = after.levels.get(revision) ?? 0;
  const shrank = is < (before.levels.get(revision) ?? 0);
  return shrank && is < app.desired.replicas
    ? [`truth 4: stable has ${is} replicas at ${at?.id}, the way back needs all`]
    : [];
}

function referenceBroken(revision: number, { app, before }: Deed): readonly string[] {
  const named = [app.stable, app.release?.from, app.release?.to, app.pending?.to];
  const routed = [before.accepted, before.inForce].flatMap((t) => routedRevisions(t.rule));
  const kept = app.kept.map((k) => k.revision);
  const found = [...named, ...routed, ...kept].includes(revision) || before.running.has(revision);
  return found ? [`truth 4: revision ${revision} is still needed`] : [];
}

function contractBroken({ app, before, now }: Deed): readonly string[] {
  const to = app.release?.to;
  const kept = app.kept.filter((k) => k.until > now).map((k) => k.revision);
  const meant = [...before.levels].filter(([, level]) => level > 0).map(([revision]) => revision);
  return [...new Set([...before.running, ...meant, ...kept])]
    .filter((revision) => revision !== to)
    .map((revision) => `truth 6: revision ${revision} still needs what contract removes`);
}

/** Nothing of the new side runs before its schema is there. */
function expandBroken({ app, before }: Deed): readonly string[] {
  const to = app.release?.to;
  const early = to !== undefined && before.running.has(to) && to !== app.release?.from;
  return early ? [`truth 6: revision ${to} runs before expand`] : [];
}
