import { z } from "zod";
import type { DrainTotals, ReleaseDrains } from "../model/drains.ts";
import type { Mutation } from "../model/mutation.ts";
import {
  type Intent,
  intentKinds,
  type MeantFor,
  type Ordered,
  outcomes,
  type Release,
  type ReleaseRecord,
} from "../model/release.ts";
import type { ReleaseTraffic, TrafficTotals } from "../model/traffic.ts";
import type { AppEvent } from "../ports/release-store.ts";
import { failureShape } from "./failure-shape.ts";
import { hookResultShape, hookShape } from "./hook-shape.ts";
import { judgedShape, metricStateShape } from "./metric-shape.ts";
import { routeTableShape } from "./route-shape.ts";
import { phaseShape, waypointShape } from "./waypoint-shape.ts";
import { wholeShape } from "./whole-shape.ts";

export const releaseKindShape = z.enum(["release", "rollback", "restart"]);

const mutationShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("scale"), revision: z.number(), replicas: z.number() }),
  z.object({ kind: z.literal("route"), table: routeTableShape }),
  z.object({ kind: z.literal("collect"), revision: z.number() }),
  z.object({ kind: z.literal("migrate"), phase: phaseShape }),
  z.object({
    kind: z.literal("hook"),
    key: z.string(),
    hook: hookShape,
    release: z.number(),
    revision: z.number(),
  }),
]) satisfies z.ZodType<Mutation>;

export const orderedShape = z.object({
  mutation: mutationShape,
  token: z.number().nullable(),
  since: z.number(),
}) satisfies z.ZodType<Ordered>;

const meantForShape = z.object({
  release: z.int().nonnegative(),
  direction: z.enum(["forward", "back", "ended"]),
  waypoint: z.string().nullable(),
}) satisfies z.ZodType<MeantFor>;

/** In version 1 nobody said what an intent was meant for: the release that it is kept in. */
const intentShape = wholeShape<Intent>()(
  z.object({
    kind: z.enum(intentKinds),
    by: z.string(),
    at: z.number(),
    meantFor: meantForShape.default({ release: 0, direction: "ended", waypoint: null }),
    full: z.boolean().exactOptional(),
  }),
);

const countsShape = z.record(z.string(), z.number());

const trafficTotalsShape = wholeShape<TrafficTotals>()(
  z.object({
    answered: z.number(),
    failed: countsShape,
    cut: countsShape,
    rejected: z.number(),
    abandoned: z.number(),
    retried: z.number(),
    retriedAnswered: z.number(),
    gaps: z.number(),
  }),
);

const releaseTrafficShape = wholeShape<ReleaseTraffic>()(
  z.object({
    counted: trafficTotalsShape,
    seen: z.object({ epoch: z.string(), totals: trafficTotalsShape }),
  }),
);

export const drainTotalsShape = wholeShape<DrainTotals>()(
  z.object({
    receipts: z.number(),
    inFlight: z.number(),
    served: z.number(),
    finished: z.number(),
    cut: z.number(),
    streams: z.object({ ended: z.number(), cut: z.number() }),
    hung: countsShape,
  }),
);

const releaseDrainsShape = wholeShape<ReleaseDrains>()(
  z.object({ counted: drainTotalsShape, before: drainTotalsShape }),
);

export const releaseShape = wholeShape<Release>()(
  z.object({
    id: z.int().positive(),
    kind: releaseKindShape,
    cause: z.string(),
    from: z.number().nullable(),
    to: z.int().positive(),
    plan: z.array(waypointShape),
    back: z.array(waypointShape),
    cursor: z.int().nonnegative(),
    direction: z.enum(["forward", "back"]),
    reason: failureShape.nullable(),
    intents: z.array(intentShape),
    paused: z.object({ since: z.number(), by: z.string() }).nullable(),
    startedAt: z.number(),
    attempt: z.int().positive().exactOptional(),
    enteredAt: z.number(),
    reached: z.object({ at: z.number(), requests: z.number() }).nullable(),
    progress: z.object({
      at: z.number(),
      mark: z.number(),
      exits: z.number(),
      deadlineAt: z.number(),
    }),
    waived: z.enum(["none", "approved", "waypoint", "all"]),
    analysis: z.record(z.string(), metricStateShape).exactOptional(),
    judged: z.array(judgedShape).exactOptional(),
    effects: z.record(z.string(), hookResultShape).exactOptional(),
    traffic: releaseTrafficShape.exactOptional(),
    drains: releaseDrainsShape.exactOptional(),
    // Version 1 could not contract.
    contracted: z.boolean().default(false),
  }),
);

/** A row of history. */
export const releaseRecordShape = wholeShape<ReleaseRecord>()(
  z.object({
    id: z.int().positive(),
    kind: releaseKindShape,
    cause: z.string(),
    from: z.number().nullable(),
    to: z.int().positive(),
    outcome: z.enum(outcomes),
    reason: failureShape.nullable(),
    startedAt: z.number(),
    endedAt: z.number(),
    traffic: trafficTotalsShape.exactOptional(),
    drains: drainTotalsShape.exactOptional(),
    judged: z.array(judgedShape).exactOptional(),
    intents: z.array(intentShape).exactOptional(),
    failedHooks: z.array(z.string()).exactOptional(),
  }),
);

/** A line of the event log. */
export const appEventShape = z.object({
  at: z.number(),
  kind: z.string(),
  text: z.string(),
}) satisfies z.ZodType<AppEvent>;
