import { seededRandom } from "@hitless/load";
import { control, ours } from "./contenders.ts";
import type { Environment } from "./environments/environment.ts";
import { type Cell, lostIn, meanOf } from "./report.ts";

/** Fewer runs of a cell show nothing. */
const enough = 12;
/** The best of a dozen is in part the luckiest: ours is worse when chance alone hardly makes such a difference. */
const significant = 0.05;
const shuffles = 10_000;

/** One thing that is asked of ours. */
export interface Judged {
  readonly claim: string;
  readonly seen: string;
  readonly verdict: "holds" | "DOES NOT HOLD" | `needs ${number} runs of each`;
}

/** Ours loses nothing where the proxy is told, or asks, or there is none; else no more than the best. */
export function judge(
  cells: readonly Cell[],
  environments: readonly Environment[],
): readonly Judged[] {
  return environments.flatMap((environment) => {
    const here = cells.filter((cell) => cell.environment === environment);
    const mine = here.find(({ contender }) => contender === ours);
    if (mine === undefined || mine.runs.length === 0) return [];
    return environment.tells === "nobody" ? [noWorse(mine, here)] : [nothingLost(mine, here)];
  });
}

function nothingLost(mine: Cell, here: readonly Cell[]): Judged {
  const [lost, sent] = totalsOf(mine);
  const blind = here.find(({ contender }) => contender.name === control);
  const [seen] = blind === undefined ? [0] : totalsOf(blind);
  return {
    claim: `${mine.environment.name}: ${mine.contender.name} loses nothing`,
    seen: `${lost} of ${sent} requests in ${mine.runs.length} runs (${control} lost ${seen})`,
    verdict: verdictOf(lost === 0 && seen > 0, blind === undefined ? [mine] : [mine, blind]),
  };
}

function noWorse(mine: Cell, here: readonly Cell[]): Judged {
  const others = here
    .filter(({ runs, contender }) => runs.length > 0 && contender !== mine.contender)
    .map((cell) => ({ cell, mean: meanOf(cell.runs.map(lostIn)) }))
    .sort((a, b) => a.mean - b.mean);
  const [best] = others;
  const lost = mine.runs.map(lostIn);
  const p = best === undefined ? 0 : chanceOf(lost, best.cell.runs.map(lostIn));
  const causes = Object.entries(causesOf(mine)).map(([cause, count]) => `${count} × ${cause}`);
  return {
    claim: `${mine.environment.name}: ${mine.contender.name} loses no more than the best`,
    seen:
      `${meanOf(lost).toFixed(2)} a run; the best, ${best?.cell.contender.name ?? "nobody"}, ` +
      `${best?.mean.toFixed(2) ?? "-"} (chance alone: p = ${p.toFixed(2)})` +
      `${causes.length === 0 ? "" : `; ${causes.join("; ")}`}`,
    verdict: verdictOf(p >= significant, here),
  };
}

/** How often runs dealt out at random would differ so much: a permutation test, as losses come in heaps. */
function chanceOf(lost: readonly number[], beside: readonly number[]): number {
  const [all, random] = [[...lost, ...beside], seededRandom(1)];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  let asBad = 0;
  for (let n = 0; n < shuffles; n += 1) {
    for (let left = all.length; left > 1; left -= 1) {
      const drawn = Math.floor(random() * left);
      [all[drawn], all[left - 1]] = [all[left - 1] ?? 0, all[drawn] ?? 0];
    }
    if (sum(all.slice(0, lost.length)) >= sum(lost)) asBad += 1;
  }
  return asBad / shuffles;
}

function verdictOf(holds: boolean, cells: readonly Cell[]): Judged["verdict"] {
  if (cells.some(({ runs }) => runs.length < enough)) return `needs ${enough} runs of each`;
  return holds ? "holds" : "DOES NOT HOLD";
}

function totalsOf({ runs }: Cell): readonly [number, number] {
  return [
    runs.reduce((sum, run) => sum + lostIn(run), 0),
    runs.reduce((sum, run) => sum + run.sent, 0),
  ];
}

function causesOf({ runs }: Cell): Readonly<Record<string, number>> {
  const all: Record<string, number> = {};
  for (const [cause, count] of runs.flatMap(({ causes }) => Object.entries(causes))) {
    all[cause] = (all[cause] ?? 0) + count;
  }
  return all;
}
