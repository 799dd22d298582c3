import { arch, cpus, release } from "node:os";
import { markdown } from "../markdown.ts";
import type { Judged } from "./claims.ts";
import { type Contender, ours } from "./contenders.ts";
import type { Environment } from "./environments/environment.ts";
import type { NotedRun } from "./run-list.ts";
import { lossClasses } from "./run-once.ts";

/** What was run of one contender in one environment. */
export interface Cell {
  readonly environment: Environment;
  readonly contender: Contender;
  readonly runs: readonly NotedRun[];
}

/** What all runs together show. */
export interface Report {
  readonly cells: readonly Cell[];
  readonly judged: readonly Judged[];
  readonly spoilt: readonly NotedRun[];
}

export function lostIn(run: NotedRun): number {
  return lossClasses.reduce((sum, name) => sum + run.lost[name], 0);
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Markdown: a table for each environment, and last what was asked; cells without a run are left out. */
export function render(report: Report): string {
  return [...tablesOf(report.cells), howOf(report), "", ...claimsOf(report)].join("\n");
}

function tablesOf(cells: readonly Cell[]): readonly string[] {
  const seen = cells.filter(({ runs }) => runs.length > 0);
  const environments = [...new Set(seen.map(({ environment }) => environment))];
  return environments.flatMap((environment) => {
    const rows = seen.filter((cell) => cell.environment === environment);
    return [`**${environment.what}**`, "", ...markdown(head, rows.map(rowOf)), ""];
  });
}

/** When and on what, and what does not count. */
function howOf({ cells, spoilt }: Report): string {
  const times = cells.flatMap(({ runs }) => runs.map(({ at }) => at)).sort();
  const [from = "", to = ""] = [times[0], times.at(-1)].map((at) =>
    at?.slice(0, 16).replace("T", " "),
  );
  const [cpu] = cpus();
  const machine = `${cpus().length} cores of ${cpu?.model ?? arch()}, Linux ${release()}, Node ${process.version}`;
  const oursLost = spoilt
    .filter(({ contender }) => contender === ours.name)
    .reduce((sum, run) => sum + lostIn(run), 0);
  return (
    `${from} to ${to} UTC, ${machine}. Lost requests per run, means. ${spoilt.length} more runs do not count, because ` +
    `the machine disturbed them; ${ours.name} lost ${oursLost} in its own of those.`
  );
}

function claimsOf({ judged }: Report): readonly string[] {
  const rows = judged.map(({ claim, seen, verdict }) => [claim, seen, verdict]);
  return rows.length === 0 ? [] : markdown(["asked", "seen", ""], rows);
}

const head = [
  "lost per SIGTERM",
  "mean",
  "most",
  "refused",
  "reset, reused",
  "reset, new",
  "5xx",
  "other",
  "exit s",
  "code",
  "runs",
];

function rowOf({ contender, runs }: Cell): readonly string[] {
  const lost = runs.map(lostIn);
  const mean = (values: readonly number[]) => short(meanOf(values));
  return [
    contender.name,
    mean(lost),
    String(Math.max(...lost)),
    ...lossClasses.map((name) => mean(runs.map((run) => run.lost[name]))),
    exitOf(runs),
    [...new Set(runs.map(({ exitCode }) => exitCode ?? "killed"))].join(", "),
    String(runs.length),
  ];
}

function exitOf(runs: readonly NotedRun[]): string {
  const seconds = runs.flatMap(({ exitSeconds }) => (exitSeconds === null ? [] : [exitSeconds]));
  return seconds.length === 0 ? "never" : meanOf(seconds).toFixed(1);
}

/** `0` only when there was none. */
function short(mean: number): string {
  if (mean === 0) return "0";
  return mean < 10 ? mean.toFixed(1).replace(/^0\.0$/, "< 0.1") : mean.toFixed(0);
}
