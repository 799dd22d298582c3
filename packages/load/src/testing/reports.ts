import { causes, type Loss } from "../cause.ts";
import type { LoadReport } from "../load-report.ts";
import { PhaseTally } from "../phase-tally.ts";
import type { ControlReport } from "../run-control.ts";

/** What one phase of an invented report saw. */
export interface PhaseFacts {
  readonly name: string;
  readonly answered: number;
  readonly losses?: readonly Loss[];
  readonly outstanding?: number;
}

/** A report, as the instrument itself would count it. */
export function reportOf(facts: readonly PhaseFacts[]): LoadReport {
  const total = new PhaseTally("total");
  const phases = facts.map((phase) => {
    const tally = new PhaseTally(phase.name);
    for (const each of [tally, total]) record(each, phase);
    return tally.report(0);
  });
  return { phases, total: total.report(0) };
}

/** A control whose swap lost `swapLost` requests. */
export function controlOf(swapLost: number): ControlReport {
  const losses = Array.from({ length: swapLost }, () => ({
    cause: causes[0],
    detail: "ECONNREFUSED",
  }));
  const load = reportOf([
    { name: "steady", answered: 100 },
    { name: "swap", answered: 0, losses },
    { name: "back", answered: 100 },
  ]);
  return { load, killSignal: "SIGTERM", downMs: 300, pids: [1, 2] };
}

function record(tally: PhaseTally, facts: PhaseFacts): void {
  const { answered, losses = [], outstanding = 0 } = facts;
  tally.lasted(1500);
  for (let n = 0; n < answered + losses.length + outstanding; n++) tally.sent("fresh", 0);
  for (let n = 0; n < answered; n++) {
    tally.answered("fresh", 1 + (n % 10));
    tally.answeredBy({
      version: "1.0",
      revision: "3",
      pid: String(n % 2),
      config: [],
      sha256: null,
    });
  }
  for (const loss of losses) tally.lost({ kind: "fresh", atMs: 1234 }, loss);
}
