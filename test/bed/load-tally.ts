import {
  type ControlReport,
  type LoadReport,
  type Mix,
  type PhaseReport,
  renderReport,
  verdictOf,
} from "@hitless/load";

/**
 * Requests that may be sent again. A POST in flight on a replica that is killed gets an honest 502,
 * which a proof that kills replicas would count as lost.
 */
export const repeatable: Mix = { fresh: 50, keepalive: 50 };

/** Answers 4xx and 5xx that the app itself gave: those of the proxy name their reason. */
export function appErrors({ lostByAnswer }: Pick<PhaseReport, "lostByAnswer">): number {
  const own = Object.entries(lostByAnswer).filter(([answer]) => /^\d+$/u.test(answer));
  return own.reduce((sum, [, count]) => sum + count, 0);
}

/** What a run under load comes to, its control beside it. */
export interface LoadTally {
  readonly sent: number;
  readonly lost: number;
  readonly controlLost: number;
  /** Nothing lost, nothing owed, and a control that saw losses. */
  readonly clean: boolean;
  /** Why it is not clean, with the first losses; empty when it is. */
  readonly complaint: string;
}

/** Judges a report by the control of the same run. */
export function tallyOf(report: LoadReport, control: ControlReport): LoadTally {
  const verdict = verdictOf(report, control);
  const { sent, lost } = report.total;
  const controlLost = control.load.phases.find(({ name }) => name === "swap")?.lost ?? 0;
  const clean = verdict.kind === "clean";
  const complaint = clean ? "" : `${verdict.kind}\n${renderReport(report, { width: 200 })}`;
  return { sent, lost, controlLost, clean, complaint };
}

/** Several runs as one: clean when each is. */
export function sumOf(tallies: readonly LoadTally[]): LoadTally {
  const sum = (count: (tally: LoadTally) => number) => tallies.reduce((n, t) => n + count(t), 0);
  return {
    sent: sum((t) => t.sent),
    lost: sum((t) => t.lost),
    controlLost: sum((t) => t.controlLost),
    clean: tallies.length > 0 && tallies.every((t) => t.clean),
    complaint: tallies.map((t) => t.complaint).join(""),
  };
}
