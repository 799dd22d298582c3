/**
 * The moments at which a simulated controller can be harmed: before and after each thing that
 * outlives it. A `decision` is persisted before it is acted on, the `token` of an accepted mutation
 * after it; an `intent` is what a person asked for; `adoption` is what a new controller saves first.
 */
export const dangers = [
  "before decision",
  "after decision",
  "before mutation",
  "after mutation",
  "before token",
  "after token",
  "before record",
  "after record",
  "before end",
  "after end",
  "before intent",
  "after intent",
  "before adoption",
  "after adoption",
] as const;
export type Danger = (typeof dangers)[number];

/** The controller is gone, or the call fails and it lives on. After the deed, only its answer is lost. */
export type Mishap = "killed" | "failed";

/** Thrown through a controller that is killed. */
export class Killed extends Error {}

/** Thrown by a call that fails. */
export class CallFailed extends Error {}
