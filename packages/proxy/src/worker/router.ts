import {
  type Match,
  type MatchRule,
  type RouteRule,
  type Stickiness,
  sameRule,
} from "@hitless/core/traffic";
import type { RequestHead } from "../http/request-head.ts";
import type { Replica } from "./replica.ts";
import { places, WeightedTurns } from "./weighted-turns.ts";

/** What a request is chosen by. */
export type Routed = Pick<RequestHead, "header" | "cookie" | "query">;

type ByWeight = Extract<RouteRule, { kind: "byWeight" }>;

const none: readonly Replica[] = [];

/** One table, compiled: chooses a replica for each request. */
export class Router {
  readonly #rule: RouteRule;
  readonly #byRevision = new Map<number, Replica[]>();
  readonly #every: readonly Replica[];
  readonly #turns: WeightedTurns | null;
  #turn = 0;

  /** `before` is the router of the last table: under the same rule this one goes on where it stood. */
  constructor(rule: RouteRule, replicas: readonly Replica[], before: Router | null = null) {
    this.#rule = rule;
    for (const replica of replicas) {
      const { revision } = replica.upstream;
      const others = this.#byRevision.get(revision);
      if (others === undefined) this.#byRevision.set(revision, [replica]);
      else others.push(replica);
    }
    this.#every =
      rule.kind === "byReplica"
        ? replicas.filter((one) => rule.revisions.includes(one.upstream.revision))
        : none;
    this.#turns = rule.kind === "byWeight" ? this.#turnsOf(rule, before) : null;
  }

  /**
   * The replica for this request, or null when none may get it. One of `tried`, or one that is suspect
   * at `now` (milliseconds), is only chosen when there is no other.
   */
  choose(request: Routed, tried: readonly Replica[], now: number): Replica | null {
    const candidates = this.#candidates(request, tried, now);
    const start = this.#turn;
    this.#turn = (this.#turn + 1) % 1_000_000_007;
    let best: Replica | null = null;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let i = 0; i < candidates.length; i += 1) {
      const replica = candidates[(start + i) % candidates.length];
      if (replica === undefined) continue;
      const cost = replica.inFlight + penalty(replica, tried, now);
      if (cost < bestCost) {
        best = replica;
        bestCost = cost;
      }
    }
    return best;
  }

  #candidates(request: Routed, tried: readonly Replica[], now: number): readonly Replica[] {
    const rule = this.#rule;
    if (rule.kind === "byReplica") return this.#every;
    const rules = rule.kind === "byMatch" ? rule.rules : rule.first;
    let meant = none;
    if (rules !== undefined) {
      meant = this.#matched(rules, request);
      if (meant.some((one) => penalty(one, tried, now) === 0)) return meant;
    }
    const others =
      rule.kind === "byMatch" ? this.#replicasOf(rule.otherwise) : this.#byWeight(rule, request);
    // Whom they were meant for is still better than nobody.
    return others.length > 0 ? others : meant;
  }

  /** Those of the first rule that matches; a revision without a replica is passed over: its requests must not get lost. */
  #matched(rules: readonly MatchRule[], request: Routed): readonly Replica[] {
    for (const { match, revision } of rules) {
      const replicas = this.#replicasOf(revision);
      if (replicas.length > 0 && matches(match, request)) return replicas;
    }
    return none;
  }

  #replicasOf(revision: number | null): readonly Replica[] {
    return revision === null ? none : (this.#byRevision.get(revision) ?? none);
  }

  #byWeight(rule: ByWeight, request: Routed): readonly Replica[] {
    const turns = this.#turns;
    if (turns === null) return none;
    const key = rule.sticky === null ? null : keyOf(rule.sticky, request);
    if (key !== null) {
      const wanted = this.#replicasOf(turns.at(placeOf(key)));
      if (wanted.length > 0) return wanted;
    }
    return this.#replicasOf(turns.next());
  }

  #turnsOf(rule: ByWeight, before: Router | null): WeightedTurns {
    const goesOn = before !== null && sameRule(before.#rule, rule);
    const known = goesOn ? before.#turns : null;
    const turns = known ?? new WeightedTurns(rule.weights, Math.random());
    turns.limitTo((revision) => this.#byRevision.has(revision));
    return turns;
  }
}

// A replica that was tried or refused a connection stays the last resort: the only one is never ejected.
function penalty(replica: Replica, tried: readonly Replica[], now: number): number {
  if (tried.length > 0 && tried.includes(replica)) return 2_000_000;
  return replica.isSuspect(now) ? 1_000_000 : 0;
}

function matches(match: Match, request: Routed): boolean {
  switch (match.kind) {
    case "all":
      return match.of.every((one) => matches(one, request));
    case "hash": {
      const key = keyOf(match, request);
      return key !== null && placeOf(key) < Math.round((match.percent * places) / 100);
    }
    default:
      return request[match.kind](match.name) === match.value;
  }
}

function keyOf({ by, name }: Stickiness, request: Routed): string | null {
  const value = request[by](name);
  return value === null ? null : `${name}=${value}`;
}

/** A stable place, a whole number below `places`, for that text: FNV-1a with a final mix. */
export function placeOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) % places;
}
