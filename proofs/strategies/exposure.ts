import type { StatusReport } from "@hitless/controller";
import type { LoadReport, PhaseReport } from "@hitless/load";
import { answersOf } from "./share-faults.ts";

/** One-sided, 99.95 %. */
const deviations = 3.2905;
/** Of the group whose requests match; of the others, none. */
const matching = "match";
export const matchingGroup = "variant b";
/**
 * From the command to the first look that shows a share. That look may come late: what is lost in
 * between counts against the shares that follow, and nothing is added to them for it.
 */
export const comingPhase = "coming";

/** What clients met while a release was under way, and what of it should not be so. */
export interface Exposure {
  readonly sent: number;
  /** Lost ones that count: on stable, or when the new side had no share. */
  readonly lost: number;
  /** Lost ones on the new side's share. */
  readonly own: number;
  readonly text: string;
  readonly faults: readonly string[];
}

/** Name of the phase of requests that may meet the new side, with its share; null: none may. */
export function exposurePhase({ route, replicas }: StatusReport, to: number): string | null {
  const { rule } = route;
  switch (rule.kind) {
    case "byMatch":
      return rule.rules.some(({ revision }) => revision === to) ? `exposed ${matching}` : null;
    case "byWeight": {
      const weight = rule.weights.find(({ revision }) => revision === to)?.weight ?? 0;
      return weight === 0 ? null : `exposed ${weight}`;
    }
    case "byReplica": {
      // Those that start count as well: they may be ready before we look again.
      const staying = replicas.filter(({ state }) => state === "ready" || state === "starting");
      const own = staying.filter(({ revision }) => revision === to).length;
      const some = rule.revisions.includes(to) && own > 0;
      return some ? `exposed ${((100 * own) / staying.length).toFixed(1)}` : null;
    }
  }
}

/** Whether the way back has reached every client: no new request can meet the new side any more. */
export function isBack(status: StatusReport): boolean {
  const { release, route, replicas } = status;
  if (release === null || release.direction !== "back") return false;
  if (route.inForce === null || route.inForce < route.generation) return false;
  if (route.rule.kind !== "byReplica") return exposurePhase(status, release.to) === null;
  return !replicas.some(({ revision, routed }) => revision === release.to && routed);
}

/** Counts what was lost where, and holds it against the new side's share. */
export function exposureOf(reports: ReadonlyMap<string, LoadReport>, sides: Sides): Exposure {
  const parts = [...reports].flatMap(([group, { phases }]) =>
    phases.map((phase) => partOf(phase, { group, sides })),
  );
  const sum = (count: (part: Part) => number) => parts.reduce((n, part) => n + count(part), 0);
  const [own, answered, mean] = [sum((p) => p.own), sum((p) => p.answered), sum((p) => p.mean)];
  const bound = Math.floor(mean + deviations * Math.sqrt(sum((p) => p.variance)));
  const faults = parts.flatMap((part) => part.faults);
  if (own > bound) faults.push(`${own} failed on the new side, its share was ${bound}`);
  if (answered + own === 0) faults.push("the new side got no request");
  const text =
    `${own} of ${sum((p) => p.exposed)} requests failed on the new side, ${answered} were answered ` +
    `there; its share: at most ${bound} (${Math.round(mean)} drawn, and ${deviations} σ)`;
  return { sent: sum((p) => p.sent), lost: sum((p) => p.lost), own, text, faults };
}

interface Sides {
  readonly from: number;
  readonly to: number;
  /** Which of them serves when it is over. */
  readonly ends: number;
}

/** One phase of one group. */
interface Part {
  readonly sent: number;
  readonly lost: number;
  readonly own: number;
  /** Sent while the new side had a share. */
  readonly exposed: number;
  /** Answered by the new side, by the answers' own bodies. */
  readonly answered: number;
  /** Of a binomial draw of the new side's requests. */
  readonly mean: number;
  readonly variance: number;
  readonly faults: readonly string[];
}

function partOf(
  phase: PhaseReport,
  { group, sides: { from, to, ends } }: { readonly group: string; readonly sides: Sides },
): Part {
  const { name, sent, answered } = phase;
  const share = shareIn(phase, group);
  const own = share === null ? 0 : phase.lost - (phase.lostBy[nameOf(phase, from)] ?? 0);
  const lost = phase.lost - own;
  const strange = name === "back" ? answered - answersOf(phase, ends) : 0;
  const p = share ?? 0;
  return {
    ...{ sent, lost, own },
    exposed: share === null ? 0 : sent,
    answered: share === null ? 0 : answersOf(phase, to),
    mean: sent * p,
    variance: sent * p * (1 - p),
    faults: [
      ...(lost > 0 ? [`${lost} lost, and not the new side's: ${examplesOf(phase)}`] : []),
      ...(strange > 0 ? [`${strange} of another revision when it was over`] : []),
    ],
  };
}

/** The new side's share in a phase, 0 to 1; null: it had none. */
function shareIn({ name }: PhaseReport, group: string): number | null {
  if (name === comingPhase) return 0;
  const share = /^exposed (.+)$/.exec(name)?.[1];
  if (share === undefined) return null;
  if (share === matching) return group === matchingGroup ? 1 : 0;
  return Number(share) / 100;
}

/** As its answers call a revision. */
function nameOf({ lostBy }: PhaseReport, revision: number): string {
  return Object.keys(lostBy).find((name) => name.endsWith(`@${revision}`)) ?? "";
}

function examplesOf({ name, examples }: PhaseReport): string {
  const some = examples.slice(0, 3).map(({ cause, detail, kind }) => `${kind} ${cause} ${detail}`);
  return `${name}: ${some.join("; ")}`;
}
