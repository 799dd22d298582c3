import { z } from "zod";
import type { Probe, Probes } from "../model/probe.ts";
import type { Artifact, Drain, Resources, Revision, Run, SchemaNeeds } from "../model/revision.ts";
import { wholeShape } from "./whole-shape.ts";

const artifactShape = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("files"),
    digest: z.string(),
    files: z.number(),
    bytes: z.number(),
  }),
  z.object({ kind: z.literal("image"), reference: z.string() }),
  z.object({ kind: z.literal("none"), dir: z.string() }),
]) satisfies z.ZodType<Artifact>;

const words = z.record(z.string(), z.string());

const runShape = z.object({
  command: z.union([z.string(), z.array(z.string())]),
  cwd: z.string(),
  user: z.string().nullable(),
  env: words,
  stopSignal: z.string(),
  persist: z.array(z.string()),
}) satisfies z.ZodType<Run>;

const probeShape = z.object({
  check: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("httpGet"),
      path: z.string(),
      port: z.number().nullable(),
      headers: words,
    }),
    z.object({ kind: z.literal("tcpSocket"), port: z.number().nullable() }),
    z.object({ kind: z.literal("exec"), command: z.array(z.string()) }),
  ]),
  initialDelaySeconds: z.number(),
  periodSeconds: z.number(),
  timeoutSeconds: z.number(),
  successThreshold: z.number(),
  failureThreshold: z.number(),
}) satisfies z.ZodType<Probe>;

const probesShape = z.object({
  startup: probeShape.nullable(),
  liveness: probeShape.nullable(),
  readiness: probeShape,
}) satisfies z.ZodType<Probes>;

const drainShape = z.object({
  delaySeconds: z.number(),
  timeoutSeconds: z.number(),
  preStop: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("exec"), command: z.array(z.string()) }),
      z.object({ kind: z.literal("sleep"), seconds: z.number() }),
    ])
    .nullable(),
  terminationGracePeriodSeconds: z.number(),
}) satisfies z.ZodType<Drain>;

const resourcesShape = z.object({
  memoryBytes: z.number().nullable(),
  cpu: z.number().nullable(),
}) satisfies z.ZodType<Resources>;

const schemaNeedsShape = z.object({
  needs: z.number(),
  runsOn: z.object({ from: z.number(), to: z.number().nullable() }),
}) satisfies z.ZodType<SchemaNeeds>;

/** A revision as a store keeps it. */
export const revisionShape = wholeShape<Revision>()(
  z.object({
    number: z.int().positive(),
    digest: z.string(),
    cause: z.string(),
    createdAt: z.number(),
    artifact: artifactShape,
    version: z.string().nullable(),
    run: runShape,
    config: words,
    secrets: z.array(z.string()),
    probes: probesShape,
    resources: resourcesShape,
    drain: drainShape,
    minReadySeconds: z.number(),
    schema: schemaNeedsShape,
  }),
);
