import { exitShape } from "@hitless/core";
import { z } from "zod";
import { longestDelayMs } from "./backoff.ts";

const identity = z.object({ bootId: z.string(), pid: z.number(), startTime: z.string() });

const drain = z.object({
  since: z.number(),
  /** Why Hitless ends a replica that it will start again; null when it leaves for good. */
  because: z.string().nullable(),
  /** When the route change was acknowledged: delay and timeout run from here. */
  withdrawnAt: z.number().nullable(),
  /** When preStop began: the termination grace period runs from here. */
  graceSince: z.number().nullable(),
  preStopDone: z.boolean(),
});

/** The persisted part of a replica. The state file that holds it carries the version. */
export const replicaRecordSchema = z.object({
  id: z.string(),
  revision: z.number(),
  /** Chosen anew for every start. */
  port: z.number().nullable(),
  /** Starts so far; names the log file. */
  start: z.number(),
  /** Null between the decision to start and the start, and after the end. */
  process: identity.nullable(),
  startedAt: z.number().nullable(),
  logFile: z.string().nullable(),
  phase: z.enum(["running", "waiting", "draining", "gone"]),
  /** The startup probe of this start has passed. */
  started: z.boolean(),
  /** Requests may be routed to it now. An adopted replica stays admitted until its probes object. */
  admitted: z.boolean(),
  /** Since when readiness passes and every worker routes to it; a successor goes on from there. */
  readySince: z.number().nullable(),
  /** It was admitted at some time in this start, so requests may be in flight on it. */
  served: z.boolean(),
  /** Ends in a row that nobody asked for, without a good run between them. */
  failures: z.number(),
  /** Starts in a row that found their port taken. */
  strangers: z.number(),
  restartAt: z.number().nullable(),
  lastExit: exitShape.nullable(),
  drain: drain.nullable(),
});

/** Changed by its `Replica` alone, in place: whoever saves it saves the newest. Times are of `steadyNow`. */
export type ReplicaRecord = z.infer<typeof replicaRecordSchema>;

export type DrainRecord = z.infer<typeof drain>;

/** A replica that was never started; it is due at once. */
export function newReplicaRecord(id: string, revision: number): ReplicaRecord {
  return {
    id,
    revision,
    port: null,
    start: 0,
    process: null,
    startedAt: null,
    logFile: null,
    phase: "waiting",
    started: false,
    admitted: false,
    readySince: null,
    served: false,
    failures: 0,
    strangers: 0,
    restartAt: null,
    lastExit: null,
    drain: null,
  };
}

/**
 * The clock may have been set back since another controller wrote the record: what was to have
 * happened by then happened now at the latest. What is due later is due.
 */
export function forgetFuture(record: ReplicaRecord, now: number): void {
  const past = (at: number | null): number | null => (at === null ? null : Math.min(at, now));
  record.startedAt = past(record.startedAt);
  record.readySince = past(record.readySince);
  if ((record.restartAt ?? 0) > now + longestDelayMs) record.restartAt = now;
  const { drain } = record;
  if (drain === null) return;
  drain.since = Math.min(drain.since, now);
  drain.withdrawnAt = past(drain.withdrawnAt);
  drain.graceSince = past(drain.graceSince);
}

/** A drain that begins now. */
export function newDrain(since: number, because: string | null): DrainRecord {
  return { since, because, withdrawnAt: null, graceSince: null, preStopDone: false };
}
