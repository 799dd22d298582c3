import { causes } from "./cause.ts";
import { kinds } from "./kind.ts";
import type { LoadReport, PhaseReport } from "./load-report.ts";

/** How a report is drawn. */
export interface RenderOptions {
  /** Columns; longer lines are cut. Default 80. */
  readonly width?: number;
  /** Whether losses are red and their absence green (ANSI); default false. */
  readonly color?: boolean;
}

const examplesShown = 5;
const versionsShown = 6;
/** From here on the client's own lag shows in the latencies, and is told. */
const worthwhileLagMs = 250;
const headings = [
  "phase",
  "seconds",
  "sent",
  "lost",
  "p50 ms",
  "p95 ms",
  "p99 ms",
  "max ms",
] as const;

/**
 * The report as text without a final newline: a row per phase, then the kinds sent, the losses
 * by cause with the first examples, and who answered.
 */
export function renderReport(report: LoadReport, options: RenderOptions = {}): string {
  const { width = 80, color = false } = options;
  const lines = [
    ...table(report),
    kindsLine(report.total),
    ...lagLines(report.total),
    ...lossLines(report.total),
    ...answererLines(report.total),
    totalLine(report.total),
  ];
  return lines.map((line) => paint(fit(line, width), color)).join("\n");
}

interface Line {
  readonly text: string;
  readonly tone: "plain" | "good" | "bad";
}

function table(report: LoadReport): Line[] {
  const phases = report.phases.length > 1 ? [...report.phases, report.total] : [report.total];
  const rows = phases.map((phase) => ({ cells: cellsOf(phase), lost: phase.lost }));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row.cells[column]?.length ?? 0)),
  );
  return [
    { text: aligned(headings, widths), tone: "plain" },
    ...rows.map(
      (row): Line => ({ text: aligned(row.cells, widths), tone: row.lost > 0 ? "bad" : "plain" }),
    ),
  ];
}

function cellsOf(phase: PhaseReport): string[] {
  const { p50, p95, p99, max } = phase.latencyMs;
  return [
    phase.name.slice(0, 20),
    phase.seconds.toFixed(1),
    String(phase.sent),
    String(phase.lost),
    ...[p50, p95, p99, max].map((ms) => (ms < 100 ? ms.toFixed(1) : ms.toFixed(0))),
  ];
}

function aligned(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, column) => {
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return padded.join("  ").trimEnd();
}

function kindsLine(total: PhaseReport): Line {
  const counts = kinds
    .filter((kind) => total.kinds[kind].sent > 0)
    .map((kind) => `${total.kinds[kind].sent} ${kind}`);
  return { text: `sent: ${counts.length === 0 ? "nothing" : counts.join(", ")}`, tone: "plain" };
}

function lagLines(total: PhaseReport): Line[] {
  if (total.clientLagMs < worthwhileLagMs) return [];
  const text = `the client itself was up to ${Math.round(total.clientLagMs)} ms behind its schedule`;
  return [{ text, tone: "bad" }];
}

function lossLines(total: PhaseReport): Line[] {
  if (total.lost === 0) return [];
  const byCause = causes
    .filter((cause) => total.lostByCause[cause] > 0)
    .map((cause) => `${total.lostByCause[cause]} ${cause}`);
  const examples = total.examples
    .slice(0, examplesShown)
    .map(
      ({ atMs, kind, cause, detail }) =>
        `  ${(atMs / 1000).toFixed(2)} s ${kind}: ${cause}, ${detail}`,
    );
  return [
    { text: `lost: ${byCause.join(", ")}`, tone: "bad" },
    ...examples.map((text): Line => ({ text, tone: "plain" })),
  ];
}

function answererLines(total: PhaseReport): Line[] {
  const versions = Object.entries(total.answersBy);
  const shown = versions.slice(0, versionsShown).map(([version, pids]): Line => {
    const counts = Object.values(pids);
    const answers = counts.reduce((sum, count) => sum + count, 0);
    const processes = counts.length === 1 ? "1 process" : `${counts.length} processes`;
    return { text: `answered by ${version}: ${answers} (${processes})`, tone: "plain" };
  });
  const left = versions.length - shown.length;
  return left > 0 ? [...shown, { text: `and by ${left} more versions`, tone: "plain" }] : shown;
}

function totalLine(total: PhaseReport): Line {
  const owed = total.outstanding > 0 ? `, ${total.outstanding} not answered yet` : "";
  const text = `${total.lost} lost of ${total.sent}${owed}`;
  return { text, tone: total.lost > 0 || total.sent === 0 ? "bad" : "good" };
}

function fit(line: Line, width: number): Line {
  if (line.text.length <= width) return line;
  return { ...line, text: `${line.text.slice(0, Math.max(0, width - 1))}…` };
}

function paint(line: Line, color: boolean): string {
  if (!color || line.tone === "plain") return line.text;
  return `\u001b[${line.tone === "good" ? 32 : 31}m${line.text}\u001b[39m`;
}
