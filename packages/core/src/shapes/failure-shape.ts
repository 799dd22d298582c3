import { z } from "zod";
import type { Exit, Failure } from "../model/failure.ts";
import type { ProbeAnswer } from "../model/probe.ts";

/** How a process ended, as an engine keeps it. */
export const exitShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("code"), code: z.number(), at: z.number() }),
  z.object({ kind: z.literal("signal"), signal: z.string(), at: z.number() }),
  z.object({ kind: z.literal("notStarted"), error: z.string(), at: z.number() }),
  z.object({ kind: z.literal("killed"), because: z.string(), at: z.number() }),
  z.object({ kind: z.literal("unknown"), at: z.number() }),
]) satisfies z.ZodType<Exit>;

const probeAnswerShape = z.object({
  probe: z.enum(["startup", "liveness", "readiness"]),
  ok: z.boolean(),
  evidence: z.string(),
  at: z.number(),
}) satisfies z.ZodType<ProbeAnswer>;

const evidence = z.object({
  replica: z.string().nullable(),
  probe: probeAnswerShape.nullable(),
  exit: exitShape.nullable(),
  lastLogLines: z.array(z.string()),
});

/** Why a release turned back, as it and its row of history keep it. */
export const failureShape = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("progressDeadline"),
    seconds: z.number(),
    available: z.number(),
    wanted: z.number(),
    evidence,
  }),
  z.object({ kind: z.literal("crashLoop"), exits: z.number(), evidence }),
  z.object({ kind: z.literal("holdFailed"), hold: z.string(), detail: z.string() }),
  z.object({
    kind: z.literal("analysisFailed"),
    waypoint: z.string(),
    metric: z.string(),
    detail: z.string(),
    evidence,
  }),
  z.object({
    kind: z.literal("hookFailed"),
    waypoint: z.string(),
    hook: z.string(),
    detail: z.string(),
  }),
  z.object({ kind: z.literal("aborted"), by: z.string() }),
  z.object({ kind: z.literal("rolledBack"), by: z.string() }),
  z.object({ kind: z.literal("replaced"), by: z.string() }),
]) satisfies z.ZodType<Failure>;
