import type { FrontSettings, MatchRule, RouteRule, Stickiness } from "@hitless/core";
import { readFront } from "./front.ts";

/** One replica that the proxy may send requests to. `id` is the replica's id. */
export interface Upstream {
  readonly id: string;
  readonly revision: number;
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** A replica that leaves, and ends its streams before it does. */
export interface Draining {
  readonly id: string;
  /**
   * Its streams are ended evenly over this time, which runs in each worker from the first table that
   * says so. Milliseconds.
   */
  readonly streamsMs: number;
}

/** What the data plane routes by. */
export interface ProxyTable {
  /** Grows with every table; an older one than that in force is refused. */
  readonly generation: number;
  /** The generation of the route rule inside, reported back in `ProxyStatus`. */
  readonly ruleGeneration: number;
  /** Null: nothing is routed, every request gets a 503. */
  readonly rule: RouteRule | null;
  /** Only the replicas that may get *new* requests. */
  readonly replicas: readonly Upstream[];
  /** How clients are met; absent in a table of an older version: as ever. */
  readonly front?: FrontSettings;
  /** None by default. In every table until they are gone: who missed the first one ends them too. */
  readonly draining?: readonly Draining[];
  /** How long a request waits for a replica while none can take it, ms; absent: it gets its 503 at once. */
  readonly holdMs?: number;
  /**
   * Requests are kept from the replicas: they wait for `holdMs`, and then get this text with their 503.
   * Absent: they are not.
   */
  readonly maintenance?: string;
}

/** Reads a table that came over a socket or from disk; null when it is none. */
export function readTable(value: unknown): ProxyTable | null {
  if (!isRecord(value)) return null;
  const { generation, ruleGeneration, rule, replicas } = value;
  if (!isCount(generation) || !isCount(ruleGeneration)) return null;
  if (rule !== null && !isRouteRule(rule)) return null;
  if (!Array.isArray(replicas) || !replicas.every(isUpstream)) return null;
  const more = readOptional(value);
  return more === null ? null : { generation, ruleGeneration, rule, replicas, ...more };
}

function readOptional(
  value: Readonly<Record<string, unknown>>,
): Pick<ProxyTable, "draining" | "front" | "holdMs" | "maintenance"> | null {
  const { draining, front: said, holdMs, maintenance } = value;
  const front = isRecord(said) ? readFront(said) : null;
  if (said !== undefined && front === null) return null;
  if (draining !== undefined && !isEach(draining, isDraining)) return null;
  if (holdMs !== undefined && !isCount(holdMs)) return null;
  if (maintenance !== undefined && typeof maintenance !== "string") return null;
  return {
    ...(draining === undefined ? {} : { draining }),
    ...(front === null ? {} : { front }),
    ...(holdMs === undefined ? {} : { holdMs }),
    ...(maintenance === undefined ? {} : { maintenance }),
  };
}

function isEach<T>(value: unknown, isOne: (one: unknown) => one is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isOne);
}

/** Whether `value` is an object whose fields may be read. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isUpstream(value: unknown): value is Upstream {
  if (!isRecord(value)) return false;
  const { id, revision, host, port } = value;
  return (
    typeof id === "string" &&
    isCount(revision) &&
    typeof host === "string" &&
    isCount(port) &&
    port > 0 &&
    port < 65_536
  );
}

function isDraining(value: unknown): value is Draining {
  return isRecord(value) && typeof value["id"] === "string" && isCount(value["streamsMs"]);
}

function isRouteRule(value: unknown): value is RouteRule {
  if (!isRecord(value)) return false;
  switch (value["kind"]) {
    case "byReplica":
      return Array.isArray(value["revisions"]) && value["revisions"].every(isCount);
    case "byWeight":
      return (
        Array.isArray(value["weights"]) &&
        value["weights"].every(isWeight) &&
        (value["sticky"] === null || isStickiness(value["sticky"])) &&
        (value["first"] === undefined || isEach(value["first"], isMatchRule))
      );
    case "byMatch":
      return isEach(value["rules"], isMatchRule) && isCount(value["otherwise"]);
    default:
      return false;
  }
}

function isWeight(value: unknown): boolean {
  return isRecord(value) && isCount(value["revision"]) && isShare(value["weight"]);
}

function isStickiness(value: unknown): value is Stickiness {
  return isRecord(value) && isKeySource(value["by"]) && typeof value["name"] === "string";
}

function isMatchRule(value: unknown): value is MatchRule {
  return isRecord(value) && isCount(value["revision"]) && isMatch(value["match"], deepestMatch);
}

/** `all` stands in `all` at most so often. */
const deepestMatch = 4;

function isMatch(value: unknown, deeper: number): boolean {
  if (!isRecord(value)) return false;
  const { kind, name, value: wanted, by, percent, of } = value;
  if (kind === "all") {
    // One that demands nothing would match every request.
    const some = Array.isArray(of) && of.length > 0;
    return deeper > 0 && some && of.every((one) => isMatch(one, deeper - 1));
  }
  if (typeof name !== "string") return false;
  if (kind === "hash") return isKeySource(by) && isShare(percent);
  return isKeySource(kind) && typeof wanted === "string";
}

function isKeySource(value: unknown): boolean {
  return value === "cookie" || value === "header" || value === "query";
}

function isShare(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= 100;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
