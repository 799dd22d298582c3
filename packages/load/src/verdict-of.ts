import { type Cause, causes } from "./cause.ts";
import type { LoadReport } from "./load-report.ts";
import type { ControlReport } from "./run-control.ts";

/**
 * What a report is worth:
 * - `clean`: every request was answered, and the control shows that losses would have been seen;
 * - `lost`: requests were lost, whatever the control says;
 * - `blind`: none was lost, but the control lost none either (or got no answer to begin with), so
 *   that it counts for nothing;
 * - `unfinished`: no request was sent, or some are still owed an answer.
 */
export type LoadVerdict =
  | { readonly kind: "clean"; readonly sent: number; readonly controlLost: number }
  | {
      readonly kind: "lost";
      readonly sent: number;
      readonly lost: number;
      readonly byCause: Readonly<Partial<Record<Cause, number>>>;
    }
  | { readonly kind: "blind"; readonly sent: number; readonly controlSent: number }
  | { readonly kind: "unfinished"; readonly sent: number; readonly outstanding: number };

/** Judges a report by itself and by the control phase of the same run. */
export function verdictOf(report: LoadReport, control: ControlReport): LoadVerdict {
  const { sent, lost, outstanding, lostByCause } = report.total;
  if (lost > 0) return { kind: "lost", sent, lost, byCause: seen(lostByCause) };
  if (sent === 0 || outstanding > 0) return { kind: "unfinished", sent, outstanding };
  const swapLost = phaseOf(control, "swap")?.lost ?? 0;
  const steadyAnswered = phaseOf(control, "steady")?.answered ?? 0;
  if (swapLost === 0 || steadyAnswered === 0) {
    return { kind: "blind", sent, controlSent: control.load.total.sent };
  }
  return { kind: "clean", sent, controlLost: swapLost };
}

function phaseOf(control: ControlReport, name: string) {
  return control.load.phases.find((phase) => phase.name === name);
}

function seen(lostByCause: Readonly<Record<Cause, number>>): Partial<Record<Cause, number>> {
  const entries = causes.filter((cause) => lostByCause[cause] > 0);
  return Object.fromEntries(entries.map((cause) => [cause, lostByCause[cause]]));
}
