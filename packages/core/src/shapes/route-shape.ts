import { z } from "zod";
import type { MatchRule, RouteRule, RouteTable, Stickiness } from "../model/route.ts";

const by = z.enum(["cookie", "header"]);

export const stickinessShape = z.object({
  by,
  name: z.string(),
}) satisfies z.ZodType<Stickiness>;

export const matchShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("header"), name: z.string(), value: z.string() }),
  z.object({ kind: z.literal("cookie"), name: z.string(), value: z.string() }),
  z.object({ kind: z.literal("hash"), by, name: z.string(), percent: z.number() }),
]) satisfies z.ZodType<MatchRule["match"]>;

const routeRuleShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("byReplica"), revisions: z.array(z.number()) }),
  z.object({
    kind: z.literal("byWeight"),
    weights: z.array(z.object({ revision: z.number(), weight: z.number() })),
    sticky: stickinessShape.nullable(),
  }),
  z.object({
    kind: z.literal("byMatch"),
    rules: z.array(z.object({ match: matchShape, revision: z.number() })),
    otherwise: z.number(),
  }),
]) satisfies z.ZodType<RouteRule>;

/** A route table as a store or an engine keeps it. */
export const routeTableShape = z.object({
  generation: z.int().nonnegative(),
  rule: routeRuleShape,
}) satisfies z.ZodType<RouteTable>;
