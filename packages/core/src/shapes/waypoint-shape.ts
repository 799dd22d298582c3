import { z } from "zod";
import type { RouteIntent } from "../model/route-intent.ts";
import type { Amount, Count, Hold, Waypoint } from "../model/waypoint.ts";
import { hookShape } from "./hook-shape.ts";
import { metricShape } from "./metric-shape.ts";
import { matchShape, overrideShape, stickinessShape } from "./route-shape.ts";
import { wholeShape } from "./whole-shape.ts";

export const countShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("share"), of: z.number() }),
  z.object({ kind: z.literal("fixed"), n: z.number() }),
  z.object({ kind: z.literal("keep") }),
]) satisfies z.ZodType<Count>;

export const amountShape = z.union([
  z.number(),
  z.templateLiteral([z.number(), "%"]),
]) satisfies z.ZodType<Amount>;

export const holdShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("time"), ms: z.number() }),
  z.object({ kind: z.literal("requests"), n: z.number() }),
  z.object({ kind: z.literal("analysis"), ms: z.number() }),
  z.object({ kind: z.literal("approval") }),
  z.object({ kind: z.literal("gate"), name: z.string() }),
]) satisfies z.ZodType<Hold>;

const routeIntentShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("byReplica") }),
  z.object({
    kind: z.literal("byWeight"),
    canary: z.number(),
    sticky: stickinessShape.nullable(),
    override: overrideShape.exactOptional(),
  }),
  z.object({
    kind: z.literal("byMatch"),
    matches: z.array(matchShape),
    override: overrideShape.exactOptional(),
  }),
]) satisfies z.ZodType<RouteIntent>;

export const phaseShape = z.enum(["expand", "contract"]);

/** A waypoint of a plan that a release keeps. */
export const waypointShape = wholeShape<Waypoint>()(
  z.object({
    id: z.string(),
    replicas: z.object({ stable: countShape, canary: countShape }),
    pace: z.object({ surge: amountShape, unavailable: amountShape }),
    route: routeIntentShape,
    leavers: z.enum(["unrouted", "stopped"]),
    schema: phaseShape.nullable(),
    before: z.array(hookShape),
    hold: z.array(holdShape),
    onFail: z.enum(["back", "pause"]),
    metrics: z.array(metricShape).exactOptional(),
    preview: z.number().exactOptional(),
    keepWarmMs: z.number().exactOptional(),
  }),
);
