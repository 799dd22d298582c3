import type { LoadReport, PhaseReport } from "@hitless/load";
import type { Course } from "./courses.ts";

/** Two-sided, 99.9 %. */
const deviations = 3.2905;
/** How far the share of the requests may be from that of the replicas, percent: the least busy one gets the next. */
const strayPercent = 8;

/** A time at one step of a way forward. */
export interface Standing {
  readonly step: string;
  readonly to: number;
}

/** Name of the phase in which a release stood at a step. */
export function phaseAt({ step, to }: Standing): string {
  return `forward at ${step}, revision ${to}`;
}

/** Name of the phase that begins when only one revision is left. */
export function phaseOn(revision: number, after: string): string {
  return `on ${revision} after ${after}`;
}

/** What each group was answered by at each step, and what of it should not be so. */
export function sharesOf(
  course: Course,
  standings: readonly Standing[],
  reports: ReadonlyMap<string, LoadReport>,
): { readonly texts: readonly string[]; readonly faults: readonly string[] } {
  const texts: string[] = [];
  const faults: string[] = [];
  for (const standing of standings) {
    for (const [group, report] of reports) {
      const phase = report.phases.find((p) => p.name === phaseAt(standing));
      const wanted = course.shares[group]?.[standing.step];
      if (phase === undefined || wanted === undefined) continue;
      const got = answersOf(phase, standing.to);
      const all = phase.answered;
      const text = `${standing.step}${group === "all" ? "" : ` for ${group}`}: ${percent(got, all)} %`;
      texts.push(`${text} of ${all}`);
      const fits = all > 0 && isAbout({ got, all, wanted }, course.drawn);
      if (!fits) faults.push(`${text} of ${all} requests, not ${wanted} %`);
    }
  }
  return { texts, faults };
}

/** Answers of other revisions in phases in which only one was left. */
export function strangersIn(report: LoadReport): readonly string[] {
  return report.phases.flatMap((phase) => {
    const only = /^on (\d+) after /.exec(phase.name)?.[1];
    if (only === undefined) return [];
    const strange = phase.answered - answersOf(phase, Number(only));
    return strange === 0 ? [] : [`${phase.name}: ${strange} answers of another revision`];
  });
}

/** Answers of one revision, by their own bodies. */
export function answersOf({ answersBy }: PhaseReport, revision: number): number {
  const own = Object.entries(answersBy).filter(([name]) => name.endsWith(`@${revision}`));
  return own.flatMap(([, pids]) => Object.values(pids)).reduce((sum, n) => sum + n, 0);
}

function isAbout(
  { got, all, wanted }: { readonly got: number; readonly all: number; readonly wanted: number },
  drawn: boolean,
): boolean {
  const p = wanted / 100;
  const stray = drawn ? deviations * Math.sqrt(all * p * (1 - p)) : (all * strayPercent) / 100;
  return Math.abs(got - all * p) <= stray;
}

function percent(part: number, all: number): string {
  return all === 0 ? "?" : ((100 * part) / all).toFixed(1);
}
