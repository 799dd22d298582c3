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
    }
  /** The first rule that matches decides; what matches none goes to `otherwise`. */
  | { readonly kind: "byMatch"; readonly rules: readonly MatchRule[]; readonly otherwise: number };

/** Keeps one client on one side: by the named cookie or header, hashed. */
export interface Stickiness {
  readonly by: "cookie" | "header";
  readonly name: string;
}

export interface MatchRule {
  readonly match:
    | { readonly kind: "header"; readonly name: string; readonly value: string }
    | { readonly kind: "cookie"; readonly name: string; readonly value: string }
    /** The key's stable hash falls below `percent`. */
    | {
        readonly kind: "hash";
        readonly by: "cookie" | "header";
        readonly name: string;
        readonly percent: number;
      };
  readonly revision: number;
}

/** A route rule with the generation that the data plane acknowledges. */
export interface RouteTable {
  /** Grows by one with each change; 0 is "nothing routed yet". */
  readonly generation: number;
  readonly rule: RouteRule;
}

/** The revisions that a rule can send requests to. */
export function routedRevisions(rule: RouteRule): readonly number[] {
  switch (rule.kind) {
    case "byReplica":
      return rule.revisions;
    case "byWeight":
      return rule.weights.filter((w) => w.weight > 0).map((w) => w.revision);
    case "byMatch":
      return [...new Set([...rule.rules.map((r) => r.revision), rule.otherwise])];
  }
}

/** Whether two rules route alike. Order of revisions and weights does not count. */
export function sameRule(a: RouteRule, b: RouteRule): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
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
      ];
    case "byMatch":
      return [rule.kind, rule.rules, rule.otherwise];
  }
}
