import type { Cause } from "./cause.ts";
import type { Kind } from "./kind.ts";
import type { LatencySummary } from "./latency-histogram.ts";

/** One lost request. */
export interface LossExample {
  readonly cause: Cause;
  readonly detail: string;
  readonly kind: Kind;
  /** Its scheduled time, in milliseconds since the load started. */
  readonly atMs: number;
}

/** What became of the requests of one kind. */
export interface KindReport {
  readonly sent: number;
  readonly lost: number;
  readonly latencyMs: LatencySummary;
}

/** What became of the requests that were scheduled during one phase. */
export interface PhaseReport {
  readonly name: string;
  /** How long the phase lasted. */
  readonly seconds: number;
  /** All scheduled requests: `answered + lost + outstanding`. */
  readonly sent: number;
  /** Complete, correct and in time. */
  readonly answered: number;
  readonly lost: number;
  /** Not settled yet; 0 once the load was stopped. */
  readonly outstanding: number;
  readonly lostByCause: Readonly<Record<Cause, number>>;
  /** Of the causes `status-4xx` and `status-5xx`: by status and reason, `502 upstream-closed`. */
  readonly lostByAnswer: Readonly<Record<string, number>>;
  /** Of the causes `reset` and `closed-early`: those on a connection that had carried another answer before. */
  readonly resetOnReused: number;
  /** Lost ones whose wrong answer told who gave it: `version@revision`, as in `answersBy`. */
  readonly lostBy: Readonly<Record<string, number>>;
  /** The first ten losses. */
  readonly examples: readonly LossExample[];
  /** Of answered requests, from the scheduled time; `slow` ones are only in `kinds`. */
  readonly latencyMs: LatencySummary;
  /** By how much the client itself was behind its schedule, at worst, in milliseconds. */
  readonly clientLagMs: number;
  /** `version@revision` (or `version`, from an app that knows no revision) → pid → answers. */
  readonly answersBy: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** `KEY=value` of each config value that an answer showed → answers. */
  readonly configValues: Readonly<Record<string, number>>;
  readonly kinds: Readonly<Record<Kind, KindReport>>;
}

/** The phases in the order in which they began, and all of them as one. */
export interface LoadReport {
  readonly phases: readonly PhaseReport[];
  readonly total: PhaseReport;
}
