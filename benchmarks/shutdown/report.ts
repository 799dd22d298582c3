import { markdown } from "../markdown.ts";
import type { Contender } from "./contenders.ts";
import type { Environment } from "./environments/environment.ts";
import type { NotedRun } from "./run-list.ts";
import { lossClasses } from "./run-once.ts";

/** What was run of one contender in one environment. */
export interface Cell {
  readonly environment: Environment;
  readonly contender: Contender;
  readonly runs: readonly NotedRun[];
}

export function lostIn(run: NotedRun): number {
  return lossClasses.reduce((sum, name) => sum + run.lost[name], 0);
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Markdown: a table for each environment; cells without a run are left out. */
export function render(cells: readonly Cell[]): string {
  const seen = cells.filter(({ runs }) => runs.length > 0);
  const environments = [...new Set(seen.map(({ environment }) => environment))];
  return environments
    .map((environment) => {
      const rows = seen.filter((cell) => cell.environment === environment);
      return [`**${environment.what}**`, "", ...markdown(head, rows.map(rowOf)), ""].join("\n");
    })
    .join("\n");
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
