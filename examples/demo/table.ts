import type { ControlReport, LoadReport } from "@hitless/load";

/** A row: what happened while, and what clients saw of it. */
interface Row {
  readonly name: string;
  readonly requests: number;
  readonly lost: number;
  readonly p99: number;
  readonly seconds: number;
}

const headings = ["phase", "requests", "lost", "p99 ms", "steady p99", "seconds"] as const;

/** The table of a run without a final newline, the control as its first row. */
export function table(control: ControlReport, report: LoadReport): string {
  const rows = [control.load.total, ...report.phases].map(
    (phase): Row => ({
      name: phase === control.load.total ? "control: naive swap" : phase.name,
      requests: phase.sent,
      lost: phase.lost,
      p99: phase.latencyMs.p99,
      seconds: phase.seconds,
    }),
  );
  const steady = report.phases.find(({ name }) => name === "steady")?.latencyMs.p99 ?? 0;
  const cells = [headings, ...rows.map((row) => cellsOf(row, steady))];
  const widths = headings.map((_, column) => Math.max(...cells.map((c) => c[column]?.length ?? 0)));
  const lines = cells.map((line) => aligned(line, widths));
  return [lines[0], widths.map((width) => "─".repeat(width)).join("  "), ...lines.slice(1)].join(
    "\n",
  );
}

function cellsOf(row: Row, steady: number): readonly string[] {
  return [
    row.name,
    String(row.requests),
    String(row.lost),
    row.p99.toFixed(0),
    steady.toFixed(0),
    row.seconds.toFixed(1),
  ];
}

function aligned(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
    .join("  ");
}
