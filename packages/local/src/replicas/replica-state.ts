import type { ReplicaState } from "@hitless/core";
import type { ReplicaRecord } from "./replica-record.ts";

/**
 * The life of one replica.
 *
 * - `waiting`: has no process. Entered when new, and after an end that nobody asked for. Left at
 *   `restartAt` (null: at once) for `starting`, or for `draining`.
 * - `starting`: is being started or adopted, or runs and was not ready yet. Left for `ready`,
 *   `replacing`, `waiting` (it ended) or `draining`.
 * - `ready`: readiness passes. Left for `unready`, `replacing`, `waiting` or `draining`.
 * - `unready`: runs, was ready and is not now. Left for the same states, and back to `ready`.
 * - `replacing`: Hitless ends the process because a probe gave it up, in the order of a drain. Left
 *   for `waiting` when its group is empty, or for `draining`.
 * - `draining`: leaves for good. Left only for `stopped`, when its group is empty.
 * - `stopped`: the end.
 */
export type ReplicaLife =
  | { readonly kind: "waiting"; readonly restartAt: number | null }
  | { readonly kind: "starting" }
  | { readonly kind: "ready"; readonly since: number }
  | { readonly kind: "unready" }
  | { readonly kind: "replacing"; readonly because: string }
  | { readonly kind: "draining" }
  | { readonly kind: "stopped" };

/** What happens to a replica. */
export type ReplicaEvent =
  /** The time to start has come. */
  | { readonly kind: "due" }
  | { readonly kind: "ready"; readonly at: number }
  | { readonly kind: "unready" }
  /** Startup or liveness failed. */
  | { readonly kind: "unfit"; readonly because: string }
  /** Nothing of it runs any more; `restartAt` is when it is due again. */
  | { readonly kind: "ended"; readonly restartAt: number | null }
  | { readonly kind: "stop" };

/** The next state. An event that means nothing in a state leaves it: probes may speak late. */
export function transition(life: ReplicaLife, event: ReplicaEvent): ReplicaLife {
  switch (event.kind) {
    case "due":
      return life.kind === "waiting" ? { kind: "starting" } : life;
    case "ready":
      if (life.kind !== "starting" && life.kind !== "unready") return life;
      return { kind: "ready", since: event.at };
    case "unready":
      return life.kind === "ready" ? { kind: "unready" } : life;
    case "unfit":
      return isRunning(life) ? { kind: "replacing", because: event.because } : life;
    case "ended":
      return afterEnd(life, event.restartAt);
    case "stop":
      return life.kind === "stopped" ? life : { kind: "draining" };
  }
}

/** Where a replica stands by its record, when a controller takes it up; `runs`: its process lives. */
export function lifeOf(record: ReplicaRecord, runs: boolean): ReplicaLife {
  const { phase, restartAt, drain, readySince } = record;
  switch (phase) {
    case "waiting":
      return { kind: "waiting", restartAt };
    case "running":
      // It serves: until its probes say otherwise it is what it was, or adoption would count it out.
      return runs && readySince !== null
        ? { kind: "ready", since: readySince }
        : { kind: "starting" };
    case "draining":
      return typeof drain?.because === "string"
        ? { kind: "replacing", because: drain.because }
        : { kind: "draining" };
    case "gone":
      return { kind: "stopped" };
  }
}

/** The state in the words that all engines share. */
export function stateOf(life: ReplicaLife): ReplicaState {
  switch (life.kind) {
    case "waiting":
      return life.restartAt === null ? "starting" : "failed";
    case "starting":
    case "unready":
    // It will run again: to the level that the engine keeps it counts as one that starts.
    case "replacing":
      return "starting";
    case "ready":
    case "draining":
    case "stopped":
      return life.kind;
  }
}

function isRunning(life: ReplicaLife): boolean {
  return life.kind === "starting" || life.kind === "ready" || life.kind === "unready";
}

function afterEnd(life: ReplicaLife, restartAt: number | null): ReplicaLife {
  if (life.kind === "draining" || life.kind === "stopped") return { kind: "stopped" };
  return { kind: "waiting", restartAt };
}
