import type { MatchRule, RouteRule, Stickiness } from "@hitless/core";
import type { RequestHead } from "../http/request-head.ts";
import type { Replica } from "./replica.ts";

/** What a request is chosen by. */
export type Routed = Pick<RequestHead, "header" | "cookie">;

/** Which replicas not to choose while there are others. */
export interface Avoidance {
  readonly tried: readonly Replica[];
  /** Milliseconds; decides who is suspect. */
  readonly now: number;
}

/** One table, compiled: chooses a replica for each request. */
export class Router {
  readonly #rule: RouteRule;
  readonly #byRevision = new Map<number, Replica[]>();
  readonly #every: readonly Replica[];
  readonly #credits = new Map<number, number>();
  #turn = 0;

  constructor(rule: RouteRule, replicas: readonly Replica[]) {
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
        : replicas;
  }

  /** The replica for this request, or null when none may get it. */
  choose(request: Routed, avoid: Avoidance): Replica | null {
    return this.#leastInFlight(this.#candidates(request), avoid);
  }

  #candidates(request: Routed): readonly Replica[] {
    const rule = this.#rule;
    switch (rule.kind) {
      case "byReplica":
        return this.#every;
      case "byWeight":
        return this.#byWeight(rule, request);
      case "byMatch":
        return this.#replicasOf(matchedRevision(rule, request));
    }
  }

  #replicasOf(revision: number): readonly Replica[] {
    return this.#byRevision.get(revision) ?? [];
  }

  #byWeight(rule: Extract<RouteRule, { kind: "byWeight" }>, request: Routed): readonly Replica[] {
    const able = rule.weights.filter((w) => w.weight > 0 && this.#byRevision.has(w.revision));
    const key = rule.sticky === null ? null : keyOf(rule.sticky, request);
    if (key !== null) {
      const wanted = revisionAt(rule.weights, percentile(key));
      if (wanted !== null && this.#byRevision.has(wanted)) return this.#replicasOf(wanted);
    }
    const chosen = this.#smooth(able);
    return chosen === null ? [] : this.#replicasOf(chosen);
  }

  // Smooth weighted round-robin: exact over any 100 requests, without bursts.
  #smooth(weights: readonly Weighted[]): number | null {
    let best: Weighted | null = null;
    let bestCredit = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const one of weights) {
      const credit = (this.#credits.get(one.revision) ?? 0) + one.weight;
      this.#credits.set(one.revision, credit);
      total += one.weight;
      if (credit > bestCredit) {
        best = one;
        bestCredit = credit;
      }
    }
    if (best === null) return null;
    this.#credits.set(best.revision, bestCredit - total);
    return best.revision;
  }

  #leastInFlight(candidates: readonly Replica[], avoid: Avoidance): Replica | null {
    const start = this.#turn;
    this.#turn = (this.#turn + 1) % 1_000_000_007;
    let best: Replica | null = null;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let i = 0; i < candidates.length; i += 1) {
      const replica = candidates[(start + i) % candidates.length];
      if (replica === undefined) continue;
      const cost = replica.inFlight + penalty(replica, avoid);
      if (cost < bestCost) {
        best = replica;
        bestCost = cost;
      }
    }
    return best;
  }
}

interface Weighted {
  readonly revision: number;
  readonly weight: number;
}

// A replica that was tried or refused a connection stays the last resort: the only one is never ejected.
function penalty(replica: Replica, avoid: Avoidance): number {
  if (avoid.tried.includes(replica)) return 2_000_000;
  return replica.isSuspect(avoid.now) ? 1_000_000 : 0;
}

function matchedRevision(rule: Extract<RouteRule, { kind: "byMatch" }>, request: Routed): number {
  return rule.rules.find((one) => matches(one.match, request))?.revision ?? rule.otherwise;
}

function matches(match: MatchRule["match"], request: Routed): boolean {
  switch (match.kind) {
    case "header":
      return request.header(match.name) === match.value;
    case "cookie":
      return request.cookie(match.name) === match.value;
    case "hash": {
      const key = keyOf(match, request);
      return key !== null && percentile(key) < match.percent;
    }
  }
}

function keyOf(by: Stickiness, request: Routed): string | null {
  const value = by.by === "cookie" ? request.cookie(by.name) : request.header(by.name);
  return value === null ? null : `${by.name}=${value}`;
}

function revisionAt(weights: readonly Weighted[], percent: number): number | null {
  let upTo = 0;
  for (const one of weights) {
    upTo += one.weight;
    if (percent < upTo) return one.revision;
  }
  return null;
}

/** A stable place in [0, 100) for that text: FNV-1a with a final mix. */
export function percentile(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return ((hash >>> 0) % 10_000) / 100;
}
