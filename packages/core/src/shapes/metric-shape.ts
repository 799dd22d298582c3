import { z } from "zod";
import type { CountsView, Judged, Metric, MetricState } from "../model/metric.ts";
import { wholeShape } from "./whole-shape.ts";

const commandShape = z.union([z.string(), z.array(z.string())]);

const measureShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("errors") }),
  z.object({ kind: z.literal("latency"), quantile: z.number() }),
]);

const sourceShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("proxy"), measure: measureShape }),
  z.object({ kind: z.literal("prometheus"), url: z.string(), query: z.string() }),
  z.object({ kind: z.literal("http"), url: z.string(), path: z.string() }),
  z.object({ kind: z.literal("command"), command: commandShape }),
]);

const judgeShape = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("threshold"),
    below: z.number().nullable(),
    above: z.number().nullable(),
  }),
  z.object({ kind: z.literal("comparison"), effect: z.number() }),
]);

/** A metric as the settings and the plan of a release keep it. */
export const metricShape = wholeShape<Metric>()(
  z.object({
    name: z.string(),
    source: sourceShape,
    judge: judgeShape,
    intervalMs: z.number(),
    initialDelayMs: z.number(),
    timeoutMs: z.number(),
    errorLimit: z.number(),
    failureLimit: z.number(),
    onNoData: z.enum(["hold", "fail"]),
    falseAlarms: z.number(),
    requests: z.object({ least: z.number(), most: z.number() }),
  }),
);

const countsViewShape = z.object({
  epoch: z.string(),
  revisions: z.record(
    z.string(),
    z.object({ requests: z.number(), errors: z.number(), latency: z.array(z.number()) }),
  ),
}) satisfies z.ZodType<CountsView>;

const sideCountShape = z.object({ total: z.number(), bad: z.number() });
const verdictShape = z.enum(["successful", "failed", "inconclusive", "error"]);

/** What the measurements of a metric have come to. */
export const metricStateShape = wholeShape<MetricState>()(
  z.object({
    verdict: verdictShape,
    detail: z.string(),
    measured: z.number(),
    dueAt: z.number(),
    dataAt: z.number().nullable(),
    errors: z.number(),
    failures: z.number(),
    last: z.array(z.number().nullable()),
    counted: z.object({ canary: sideCountShape, stable: sideCountShape }),
    recent: z.object({ canary: sideCountShape, stable: sideCountShape }).exactOptional(),
    evidence: z.array(z.number()),
    strayed: z.object({ squared: z.number(), expected: z.number() }).exactOptional(),
    reference: z.array(z.number()),
    baseline: countsViewShape.nullable(),
  }),
);

export const judgedShape = z.object({
  waypoint: z.string(),
  metric: z.string(),
  verdict: verdictShape,
  detail: z.string(),
  at: z.number(),
}) satisfies z.ZodType<Judged>;
