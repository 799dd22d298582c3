import type { ControlReport, LoadReport, PhaseReport } from "@hitless/load";
import { appErrors } from "../../test/bed/load-tally.ts";

/** What the table says of a phase; `steady`: the p99 of the phase of that name, ms. */
export interface Column {
  readonly heading: string;
  of(phase: PhaseReport, steady: number): string;
}

export const requests: Column = { heading: "requests", of: ({ sent }) => String(sent) };
/** By our doing. */
export const lost: Column = {
  heading: "lost",
  of: (phase) => String(phase.lost - appErrors(phase)),
};
export const ownErrors: Column = {
  heading: "app's errors",
  of: (phase) => String(appErrors(phase)),
};
/** Of all clients, those that did not get what they came for, whoever is to blame. */
export const harmed: Column = {
  heading: "harmed",
  of: (phase) => `${((100 * phase.lost) / Math.max(1, phase.sent)).toFixed(2)} %`,
};
export const p99: Column = { heading: "p99 ms", of: ({ latencyMs }) => latencyMs.p99.toFixed(0) };
export const steadyP99: Column = { heading: "steady p99", of: (_, steady) => steady.toFixed(0) };
export const seconds: Column = { heading: "seconds", of: (phase) => phase.seconds.toFixed(1) };

/** The table of a run without a final newline, the control as its first row. */
export function table(
  columns: readonly Column[],
  control: ControlReport,
  report: LoadReport,
): string {
  const phases = [{ ...control.load.total, name: "control: naive swap" }, ...report.phases];
  const steady = report.phases.find(({ name }) => name === "steady")?.latencyMs.p99 ?? 0;
  const cells = [
    ["phase", ...columns.map(({ heading }) => heading)],
    ...phases.map((phase) => [phase.name, ...columns.map((column) => column.of(phase, steady))]),
  ];
  const widths = cells[0]?.map((_, n) => Math.max(...cells.map((c) => c[n]?.length ?? 0))) ?? [];
  const lines = cells.map((line) => aligned(line, widths));
  return [lines[0], widths.map((width) => "─".repeat(width)).join("  "), ...lines.slice(1)].join(
    "\n",
  );
}

function aligned(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
    .join("  ");
}
