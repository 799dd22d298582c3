import type { MatchRule, RouteRule, Stickiness } from "./route.ts";

/**
 * What a waypoint wants of the route, in roles rather than revision numbers; `ruleFor` fills in
 * the numbers when a release stands at the waypoint.
 */
export type RouteIntent =
  | { readonly kind: "byReplica" }
  | { readonly kind: "byWeight"; readonly canary: number; readonly sticky: Stickiness | null }
  | { readonly kind: "byMatch"; readonly matches: readonly MatchRule["match"][] };

/** The revisions behind the two roles; a role may be vacant. */
export interface Roles {
  readonly stable: number | null;
  readonly canary: number | null;
}

/** The route rule that an intent means for these revisions; null when nothing can be routed. */
export function ruleFor(intent: RouteIntent, roles: Roles): RouteRule | null {
  const { stable, canary } = roles;
  if (stable === null && canary === null) return null;
  if (stable === null || canary === null) {
    return { kind: "byReplica", revisions: [stable ?? canary].filter((n) => n !== null) };
  }
  switch (intent.kind) {
    case "byReplica":
      return { kind: "byReplica", revisions: [stable, canary] };
    case "byWeight":
      return {
        kind: "byWeight",
        weights: [
          { revision: stable, weight: 100 - intent.canary },
          { revision: canary, weight: intent.canary },
        ],
        sticky: intent.sticky,
      };
    case "byMatch":
      return {
        kind: "byMatch",
        rules: intent.matches.map((match) => ({ match, revision: canary })),
        otherwise: stable,
      };
  }
}
