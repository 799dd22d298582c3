/** A bad version, and what is asked of the release of it. */
export interface Illness {
  readonly name: string;
  /** Of the bad shop; `slowMs` is ten times the p95 of the good one. */
  readonly config: (slowMs: number) => Readonly<Record<string, string>>;
  /** Kinds of reason that say it; empty: it is well, and the release has to succeed. */
  readonly reasons: readonly string[];
  /** Its processes are stopped (SIGSTOP) once they get requests. */
  readonly stopped?: boolean;
}

const unmeasurable = ["analysisFailed", "progressDeadline"];
const dying = ["analysisFailed", "crashLoop"];

export const illnesses: readonly Illness[] = [
  { name: "well", config: () => ({}), reasons: [] },
  { name: "errors", config: () => ({ ILL: "errors" }), reasons: ["analysisFailed"] },
  {
    name: "slow",
    config: (slowMs) => ({ ILL: "slow", SLOW_MS: String(slowMs) }),
    reasons: ["analysisFailed"],
  },
  {
    name: "crash-after-switch",
    config: () => ({ ILL: "crash-after-switch", CRASH_ABOVE: "60" }),
    reasons: dying,
  },
  { name: "dead", config: () => ({ ILL: "dead", AFTER_MS: "2500" }), reasons: dying },
  { name: "hung", config: () => ({ ILL: "hung", AFTER_MS: "2500" }), reasons: unmeasurable },
  { name: "silent", config: () => ({ ILL: "silent" }), reasons: ["analysisFailed"] },
  { name: "stopped", config: () => ({}), reasons: unmeasurable, stopped: true },
];
