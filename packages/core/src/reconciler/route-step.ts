import type { App } from "../model/app.ts";
import type { Route } from "../model/mutation.ts";
import {
  type RouteRule,
  type RouteTable,
  routedRevisions,
  samePreview,
  sameRule,
} from "../model/route.ts";
import type { Why } from "../model/why.ts";
import { enoughOf, type Limits } from "../strategies/rounding.ts";
import type { Position } from "./position.ts";
import { sideOf, type World } from "./world.ts";

/**
 * The route change that the position wants and capacity allows; null when there is none to make. A
 * table that was persisted and never handed over, because the controller died, is handed over now
 * if it is still what is wanted; one that the engine holds and we do not know (it was lost with the
 * app's last save) is followed by ours.
 */
export function routeStep(
  app: App,
  position: Position,
  at: { world: World; limits: Limits },
): Route | null {
  const { rule } = position;
  if (rule === null || routeStands(app, position, at.world)) return null;
  if (lackingFor(app, position, at) !== null) return null;
  const { accepted } = at.world.route;
  const { generation } = app.route;
  const unheard = accepted < generation && isWanted(app.route, position);
  const next = Math.max(generation, accepted) + 1;
  const { preview } = position;
  const fresh = { generation: next, rule, ...(preview === undefined ? {} : { preview }) };
  return { kind: "route", table: unheard ? app.route : fresh };
}

/** Whether the route in force is what the position wants. */
export function routeStands(app: App, position: Position, world: World): boolean {
  if (position.rule === null) return true;
  return world.route.accepted === app.route.generation && isWanted(app.route, position);
}

/** What to wait for while the address that the position gives cannot be reached; a way back gives none. */
export function shutPreview(app: App, position: Position, { route }: World): Why | null {
  const { generation, preview } = app.route;
  if (preview === undefined || position.preview === undefined) return null;
  const { lagging } = route;
  return lagging.length === 0 ? null : { kind: "routeBarrier", generation, lagging };
}

function isWanted(table: RouteTable, position: Position): boolean {
  const { rule } = position;
  return rule !== null && sameRule(rule, table.rule) && samePreview(position, table);
}

/**
 * Capacity before weight: the revision whose share of the requests grows and that has not the
 * replicas for it; null when there is none. (What stable lacks is no reason not to take requests
 * off it.) On the way back enough will do. By replica the split follows capacity
 * by itself, so that nothing has to be there first.
 */
export function lackingFor(
  app: App,
  position: Position,
  at: { world: World; limits: Limits },
): number | null {
  const back = app.release?.direction === "back";
  const { minAvailable } = at.limits;
  const full = back ? enoughOf(at.limits, app.desired.replicas) : minAvailable;
  const lacking =
    position.rule === null
      ? []
      : growingShares(app, at.world, position.rule).filter((share) => {
          const target = position.targets.get(share.revision) ?? 0;
          const needed = Math.min(target, Math.ceil((share.percent / 100) * full));
          return (
            sideOf(at.world, share.revision).available < Math.max(share.percent > 0 ? 1 : 0, needed)
          );
        });
  return lacking[0]?.revision ?? null;
}

/**
 * The revisions that may get more of the requests under a new rule, with their share of them. Of a
 * table that was never handed over nobody has got anything yet.
 */
export function growingShares(app: App, world: World, rule: RouteRule) {
  const known = world.route.accepted === app.route.generation;
  const before: RouteRule = known ? app.route.rule : { kind: "byReplica", revisions: [] };
  return sharesOf(rule).filter(({ revision, percent }) => percent > mostOf(before, revision));
}

/** The most that a rule may give to a revision: by replica, all. */
function mostOf(rule: RouteRule, revision: number): number {
  if (rule.kind === "byReplica") return rule.revisions.includes(revision) ? 100 : 0;
  return sharesOf(rule).find((share) => share.revision === revision)?.percent ?? 0;
}

/** The smallest share that can be given. */
const leastPercent = 0.1;

/** Percent of the requests that a revision may get, where they do not follow capacity. */
function sharesOf(
  rule: RouteRule,
): readonly { readonly revision: number; readonly percent: number }[] {
  switch (rule.kind) {
    case "byReplica":
      return [];
    case "byWeight": {
      // Whoever may choose a side finds somebody there, if few do.
      const chosen = new Set((rule.first ?? []).map((r) => r.revision));
      return rule.weights.map((w) => ({
        revision: w.revision,
        percent: Math.max(w.weight, chosen.has(w.revision) ? leastPercent : 0),
      }));
    }
    case "byMatch":
      return routedRevisions(rule).map((revision) => ({ revision, percent: 100 }));
  }
}
