/** Asks one thing that the service needs. Runs in the background: a probe is answered from the last results. */
export interface Check {
  /** Resolves: passed. Throws or rejects: failed. Must stop when the signal aborts; if it does not, it counts as failed all the same. */
  run(signal: AbortSignal): unknown;
  /** False: told in the body of `/ready`, but never a reason to answer 503. Default true. */
  readonly critical?: boolean | undefined;
  /** Default 1000. */
  readonly timeoutMs?: number | undefined;
  /** From the end of one run to the start of the next, ±10 % so that replicas do not ask in step. Default 2000. */
  readonly intervalMs?: number | undefined;
  /** So many failures in a row make a passing check failing; the very first result counts at once. Default 2. */
  readonly failAfter?: number | undefined;
  /** So many passes in a row make a failing check passing. Default 1. */
  readonly passAfter?: number | undefined;
}

export type CheckStatus = "pending" | "passing" | "failing";

/** What `/ready` says of one check. */
export interface CheckView {
  readonly name: string;
  readonly critical: boolean;
  readonly status: CheckStatus;
  /** Age of the last result in ms; null: there is none yet. */
  readonly ageMs: number | null;
  /** Failures in a row up to now. More than 0 while still `passing`: it wavers. */
  readonly failures: number;
  /** Of the last result, if that was a failure. */
  readonly error: string | null;
}
