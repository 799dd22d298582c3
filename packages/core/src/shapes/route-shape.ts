import { z } from "zod";
import type { Match, RouteRule, RouteTable, Stickiness } from "../model/route.ts";
import type { Override } from "../model/route-intent.ts";

const by = z.enum(["cookie", "header", "query"]);

export const stickinessShape = z.object({
  by,
  name: z.string(),
}) satisfies z.ZodType<Stickiness>;

export const matchShape: z.ZodType<Match> = z.discriminatedUnion("kind", [
  z.object({ kind: by, name: z.string(), value: z.string() }),
  z.object({ kind: z.literal("hash"), by, name: z.string(), percent: z.number() }),
  z.object({
    kind: z.literal("all"),
    get of() {
      return z.array(matchShape);
    },
  }),
]);

export const overrideShape = z.object({ header: z.string() }) satisfies z.ZodType<Override>;

const ruleShape = z.object({ match: matchShape, revision: z.number() });

const routeRuleShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("byReplica"), revisions: z.array(z.number()) }),
  z.object({
    kind: z.literal("byWeight"),
    weights: z.array(z.object({ revision: z.number(), weight: z.number() })),
    sticky: stickinessShape.nullable(),
    first: z.array(ruleShape).exactOptional(),
  }),
  z.object({
    kind: z.literal("byMatch"),
    rules: z.array(ruleShape),
    otherwise: z.number(),
  }),
]) satisfies z.ZodType<RouteRule>;

/** A route table as a store or an engine keeps it. */
export const routeTableShape = z.object({
  generation: z.int().nonnegative(),
  rule: routeRuleShape,
  preview: z.object({ port: z.number(), revision: z.number() }).exactOptional(),
}) satisfies z.ZodType<RouteTable>;
