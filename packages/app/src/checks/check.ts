/** Asks one thing that the service needs. Runs in the background: a probe is answered from the last results. */
export interface Check extends CheckSettings {
  /**
   * Resolves: passed. Throws, rejects, or resolves with `false`: failed. Must end when the signal aborts, at its timeout or when
   * the service stops. If it does not, it counts as failed all the same, and is run more and more rarely, down to every 10 minutes,
   * until what was left running ends.
   */
  run(signal: AbortSignal): unknown;
}

export interface CheckSettings {
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
  /** Failures in a row up to now. It wavers with more than 0 while still `passing`, and with 0 while still `failing`. */
  readonly failures: number;
  /** Of the last result, if that was a failure. */
  readonly error: string | null;
}
