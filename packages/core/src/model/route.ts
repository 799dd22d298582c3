/**
 * Which requests each revision gets. Engines know these three kinds and nothing of the strategy
 * that wants them. A revision receives requests through its *ready* replicas only.
 */
export type RouteRule =
  /** Every ready replica of these revisions gets an equal share. */
  | { readonly kind: "byReplica"; readonly revisions: readonly number[] }
  /** Weights in percent, to 0.1; they sum to 100. */
  | {
      readonly kind: "byWeight";
      readonly weights: readonly { readonly revision: number; readonly weight: number }[];
      readonly sticky: Stickiness | null;
      /** Asked before the weights: whom they match goes there. Absent: none. */
      readonly first?: readonly MatchRule[];
    }
  /** The first rule that matches decides; what matches none goes to `otherwise`. */
  | { readonly kind: "byMatch"; readonly rules: readonly MatchRule[]; readonly otherwise: number };

/** Keeps one client on one side: by the named cookie or header, hashed. */
export interface Stickiness {
  readonly by: KeySource;
  readonly name: string;
}

/** Where in a request a value stands. */
export type KeySource = "cookie" | "header" | "query";

/** Which requests are meant. */
export type Match =
  | { readonly kind: KeySource; readonly name: string; readonly value: string }
  /** The key's stable hash falls below `percent`; a higher percentage keeps all that it had. */
  | {
      readonly kind: "hash";
      readonly by: KeySource;
      readonly name: string;
      readonly percent: number;
    }
  /** Each of them matches. */
  | { readonly kind: "all"; readonly of: readonly Match[] };

export interface MatchRule {
  readonly match: Match;
  readonly revision: number;
}

/** A route rule with the generation that the data plane acknowledges. */
export interface RouteTable {
  /** Grows by one with each change; 0 is "nothing routed yet". */
  readonly generation: number;
  readonly rule: RouteRule;
  /** Loopback port at which one revision alone answers, whatever the rule says. Absent: none. */
  readonly preview?: Preview;
}

/** An address of its own for a revision, beside the one that clients use. */
export interface Preview {
  readonly port: number;
  readonly revision: number;
}

/** The revisions that a rule can send requests to. */
export function routedRevisions(rule: RouteRule): readonly number[] {
  switch (rule.kind) {
    case "byReplica":
      return rule.revisions;
    case "byWeight": {
      const weighted = rule.weights.filter((w) => w.weight > 0).map((w) => w.revision);
      return [...new Set([...weighted, ...(rule.first ?? []).map((r) => r.revision)])];
    }
    case "byMatch":
      return [...new Set([...rule.rules.map((r) => r.revision), rule.otherwise])];
  }
}

/** Whether two rules route alike. Order of revisions and weights does not count. */
export function sameRule(a: RouteRule, b: RouteRule): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

/** Whether two tables give the same revision the same address of its own. */
export function samePreview(
  a: Pick<RouteTable, "preview">,
  b: Pick<RouteTable, "preview">,
): boolean {
  return a.preview?.port === b.preview?.port && a.preview?.revision === b.preview?.revision;
}

function canonical(rule: RouteRule): unknown {
  switch (rule.kind) {
    case "byReplica":
      return [rule.kind, [...rule.revisions].sort((x, y) => x - y)];
    case "byWeight":
      return [
        rule.kind,
        rule.weights
          .filter((w) => w.weight > 0)
          .map((w) => [w.revision, w.weight])
          .sort(([x = 0], [y = 0]) => x - y),
        rule.sticky,
        rule.first ?? [],
      ];
    case "byMatch":
      return [rule.kind, rule.rules, rule.otherwise];
  }
}
