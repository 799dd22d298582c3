/**
 * Every place at which a process that runs a controller can be made to die, fail or wait
 * (`HITLESS_FAILPOINT`, CONTRIBUTING.md). A name says what has just been done when it is passed;
 * `-due`: what is about to be done. Each stands at one line of the sources.
 */
export const failpoints = [
  // The controller starts: its lock, its engine, the app it takes up.
  "lock-guarded",
  "lock-written",
  "lock-taken",
  "lock-renewed",
  "proxy-started",
  "engine-opened",
  "app-saved",
  // What people ask for.
  "revision-due",
  "revision-added",
  "intent-due",
  "intent-saved",
  // One turn of the reconciler.
  "step-due",
  "step-saved",
  "record-due",
  "record-added",
  "outcome-saved",
  "mutation-due",
  "mutation-saved",
  "mutation-accepted",
  "token-saved",
  // Every state file and every log of lines.
  "file-due",
  "file-written",
  "file-renamed",
  "line-due",
  "line-appended",
  // The engine accepts a mutation.
  "level-due",
  "level-saved",
  "route-due",
  "route-saved",
  "artifact-discarded",
  "revision-removed",
  "revision-forgotten",
  // The life of a replica.
  "replica-due",
  "replica-recorded",
  "replica-spawned",
  "pid-recorded",
  "admission-recorded",
  "replica-admitted",
  "readiness-recorded",
  "end-cleared",
  "end-recorded",
  "replacement-recorded",
  "stop-recorded",
  "replica-withdrawn",
  "withdrawal-recorded",
  "requests-finished",
  "stop-signalled",
  "group-empty",
  "replica-gone",
  "replica-removed",
  // The route table on its way to the proxy.
  "generation-saved",
  "table-sent",
  "table-acknowledged",
  // Artifacts and the folders made of them.
  "blobs-staged",
  "blobs-published",
  "manifest-written",
  "checkout-filled",
  "checkout-marked",
  "checkout-made",
  "checkout-unnamed",
  "checkout-emptied",
  // Down, and a controller that leaves its app running.
  "decisions-ended",
  "replicas-stopped",
  "proxy-stopped",
  "api-closed",
  "lock-released",
  "engine-abandoned",
] as const;

export type Failpoint = (typeof failpoints)[number];

/** What is to happen when a failpoint is passed: nothing, a wait, or an error that is thrown. */
export type FailpointHandler = (name: Failpoint) => Promise<void> | undefined;

let handler: FailpointHandler | null = null;

/** Passes a failpoint: nothing, unless this process was armed. Await it: it may be made to wait. */
export function failpoint(name: Failpoint): Promise<void> | undefined {
  return handler === null ? undefined : handler(name);
}

/** Calls `armed` at every failpoint that this process passes from now on; null: no more. */
export function armFailpoints(armed: FailpointHandler | null): void {
  handler = armed;
}
