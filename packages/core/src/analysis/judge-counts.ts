import type { LatencyCounts } from "../model/latency.ts";
import type { Judge, MetricState, Sample, SideCount } from "../model/metric.ts";
import { clumpOf, strayedAfter } from "./clumps.ts";
import { allowedShare, type CountedMetric } from "./counted-metric.ts";
import { describeCounts } from "./describe-counts.ts";
import { wealth, withDraws } from "./evidence.ts";
import { latencyLine, slowerThan, totalOf, withAnswers } from "./latency-line.ts";

/** What both sides counted in one interval. */
export type CountsSample = Extract<Sample, { kind: "counts" }>;

type Judgement = Pick<
  MetricState,
  "verdict" | "detail" | "counted" | "recent" | "evidence" | "reference" | "strayed"
>;

/**
 * What one interval says, after those before. Every request of the canary is bad or it is not: an
 * error, or slower than a line.
 *
 * A threshold: it is bad with at most the chance that is allowed, whatever came before. A comparison:
 * of the bad ones of one interval, each is the canary's with the canary's share of the requests, or
 * less often, whatever share of the requests goes bad and however that changes (Lindon and Malek,
 * NeurIPS 2022, condition in the same way). That which of them are the canary's is drawn without
 * replacement only makes the wealth smaller (Hoeffding 1963, theorem 4).
 */
export function judgeCounts(
  metric: CountedMetric,
  before: MetricState,
  sample: CountsSample,
): Judgement {
  const reference = referenceAfter(before, sample);
  const interval = intervalOf(metric, before, sample);
  if (interval === null) {
    const verdict = before.verdict === "failed" ? "failed" : "inconclusive";
    const detail = `${totalOf(reference)} answers of stable are too few to say what is slow`;
    return { verdict, detail, counted: before.counted, evidence: before.evidence, reference };
  }
  const counted = withInterval(before.counted, interval);
  const recent = faded(withInterval(before.recent ?? before.counted, interval));
  const span = { from: before.counted.canary.total, to: counted.canary.total };
  const draws = drawsOf(metric, interval);
  const worth = 1 / clumpOf(metric, before);
  const evidence = withDraws(before.evidence, draws, { ...span, worth });
  const odds = Math.exp(wealth(evidence, span.to));
  const alarmed = odds * metric.falseAlarms >= 1;
  const verdict = verdictOf(metric, { verdict: before.verdict, counted, recent, alarmed });
  const { lineMs } = interval;
  const detail = describeCounts(metric, { counted, recent, odds, verdict, lineMs });
  const strayed = strayedAfter(before, draws);
  return { verdict, detail, counted, recent, evidence, reference, strayed };
}

/** What stable answered while nothing was judged yet: for the line. */
export function referenceAfter(before: MetricState, { stable }: CountsSample): LatencyCounts {
  return stable === null ? before.reference : withAnswers(before.reference, stable.latency);
}

/** The bad ones of one interval; `lineMs`: from which on an answer was slow, null for errors. */
interface Interval {
  readonly canary: SideCount;
  readonly stable: SideCount;
  readonly lineMs: number | null;
}

/** Null while there is no line: where it is has to be known before what it is drawn through. */
function intervalOf(
  { source, judge }: CountedMetric,
  { reference }: MetricState,
  { canary, stable }: CountsSample,
): Interval | null {
  const { measure } = source;
  if (measure.kind === "errors") {
    // One that waits for its answer is an error before it is a request that was answered.
    const failed = (side: CountsSample["stable"]) =>
      side === null ? none : { total: Math.max(side.requests, side.errors), bad: side.errors };
    return { canary: failed(canary), stable: failed(stable), lineMs: null };
  }
  const lineMs = lineOf(judge, measure.quantile, reference);
  if (lineMs === null) return null;
  const slow = (side: CountsSample["stable"]) =>
    side === null ? none : { total: totalOf(side.latency), bad: slowerThan(side.latency, lineMs) };
  return { canary: slow(canary), stable: slow(stable), lineMs };
}

function lineOf(judge: Judge, quantile: number, reference: LatencyCounts): number | null {
  if (judge.kind === "comparison") return latencyLine(reference, { quantile, ...judge });
  return judge.below ?? Number.POSITIVE_INFINITY;
}

/** What an interval puts to the test. */
function drawsOf(metric: CountedMetric, { canary, stable }: Interval) {
  if (metric.judge.kind === "threshold") {
    return { draws: canary.total, against: canary.bad, chance: allowedShare(metric) };
  }
  const draws = canary.bad + stable.bad;
  return { draws, against: canary.bad, chance: share(canary.total, canary.total + stable.total) };
}

function verdictOf(
  metric: CountedMetric,
  found: Pick<MetricState, "verdict" | "counted"> & {
    readonly recent: Counted;
    readonly alarmed: boolean;
  },
): MetricState["verdict"] {
  const { verdict, counted, recent, alarmed } = found;
  if (verdict === "failed") return "failed";
  const worse = isWorse(metric, recent);
  if (alarmed && worse) return "failed";
  const { least, most } = metric.requests;
  const { total } = counted.canary;
  const alone = metric.judge.kind === "comparison" && counted.stable.total === 0;
  if (total < least || alone) return "inconclusive";
  return !worse || total >= most ? "successful" : "inconclusive";
}

/** Whether the canary's figure is worse than stable's, or than what is allowed, by what matters. */
function isWorse(metric: CountedMetric, { canary, stable }: Counted): boolean {
  const { judge, source } = metric;
  const own = share(canary.bad, canary.total);
  if (judge.kind === "threshold") return own > allowedShare(metric);
  const other = share(stable.bad, stable.total);
  if (source.measure.kind === "errors") return own - other >= judge.effect;
  return own > allowedShare(metric) && own > other;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

const none: SideCount = { total: 0, bad: 0 };

type Counted = MetricState["counted"];

function withInterval(counted: Counted, interval: Pick<Interval, "canary" | "stable">): Counted {
  return {
    canary: add(counted.canary, interval.canary),
    stable: add(counted.stable, interval.stable),
  };
}

function add(a: SideCount, b: SideCount): SideCount {
  return { total: a.total + b.total, bad: a.bad + b.bad };
}

/** What was good for days must not outweigh what is bad now. */
const mostRecent = 20_000;

function faded(recent: Counted): Counted {
  if (recent.canary.total <= mostRecent) return recent;
  const half = ({ total, bad }: SideCount) => ({ total: total / 2, bad: bad / 2 });
  return faded({ canary: half(recent.canary), stable: half(recent.stable) });
}
