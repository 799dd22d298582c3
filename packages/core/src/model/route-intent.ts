import type { Match, MatchRule, RouteRule, Stickiness } from "./route.ts";

/**
 * What a waypoint wants of the route, in roles rather than revision numbers; `ruleFor` fills in
 * the numbers when a release stands at the waypoint.
 */
export type RouteIntent =
  | { readonly kind: "byReplica" }
  | {
      readonly kind: "byWeight";
      readonly canary: number;
      readonly sticky: Stickiness | null;
      /** Absent: nobody can choose a side. */
      readonly override?: Override;
    }
  | {
      readonly kind: "byMatch";
      readonly matches: readonly Match[];
      readonly override?: Override;
    };

/** Lets a request choose its side, over weights and matches: `true` the canary, `false` stable. */
export interface Override {
  /** Name of the header. */
  readonly header: string;
}

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
        ...(intent.override === undefined
          ? {}
          : { first: overrideRules(intent.override, { stable, canary }) }),
      };
    case "byMatch":
      return {
        kind: "byMatch",
        rules: [
          ...(intent.override === undefined
            ? []
            : overrideRules(intent.override, { stable, canary })),
          ...intent.matches.map((match) => ({ match, revision: canary })),
        ],
        otherwise: stable,
      };
  }
}

function overrideRules(
  { header: name }: Override,
  { stable, canary }: { readonly stable: number; readonly canary: number },
): readonly MatchRule[] {
  return [
    { match: { kind: "header", name, value: "true" }, revision: canary },
    { match: { kind: "header", name, value: "false" }, revision: stable },
  ];
}
