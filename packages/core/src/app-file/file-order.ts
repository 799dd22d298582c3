import type { AppFileProblem } from "./app-file-problem.ts";

/** Sorts problems as a reader of the file meets them; what is missing comes before what is there. */
export function inFileOrder(
  raw: unknown,
  problems: readonly AppFileProblem[],
): readonly AppFileProblem[] {
  return problems
    .map((problem) => ({ problem, ranks: ranksOf(raw, problem.path) }))
    .sort((a, b) => compareRanks(a.ranks, b.ranks))
    .map(({ problem }) => problem);
}

function ranksOf(raw: unknown, path: AppFileProblem["path"]): readonly number[] {
  const ranks: number[] = [];
  let place = raw;
  for (const step of path) {
    if (typeof place !== "object" || place === null) break;
    ranks.push(Object.keys(place).indexOf(String(step)));
    place = Object.getOwnPropertyDescriptor(place, step)?.value;
  }
  return ranks;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, rank] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (rank !== other) return rank - other;
  }
  return a.length - b.length;
}
