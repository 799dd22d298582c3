import { latencyQuantileMs } from "../model/latency.ts";
import type { CountsView, Metric, MetricState, Sample } from "../model/metric.ts";
import { type CountedMetric, isCounted } from "./counted-metric.ts";
import { noEvidence } from "./evidence.ts";
import { type CountsSample, judgeCounts, referenceAfter } from "./judge-counts.ts";
import { judgeValue } from "./judge-value.ts";

/** One measurement, and where it was taken. */
export interface Measurement {
  readonly sample: Sample;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The counts that the sample goes up to; null or absent when they are unknown. */
  readonly counts?: CountsView | null;
  /** When the waypoint was reached, ms since the epoch. */
  readonly reachedAt: number;
}

/** A metric before its first measurement, which is due at once. */
export function newMetricState(metric: Metric, now: number): MetricState {
  const none = { total: 0, bad: 0 };
  return {
    verdict: "inconclusive",
    detail: "not measured yet",
    measured: 0,
    dueAt: now,
    dataAt: null,
    errors: 0,
    failures: 0,
    last: [],
    counted: { canary: none, stable: none },
    evidence: metric.source.kind === "proxy" ? noEvidence : [],
    reference: [],
    baseline: null,
  };
}

/**
 * Folds one measurement into what those before came to, and gives the verdict of all of them. What
 * came in before the initial delay was over is not judged: of counters it only moves the baseline.
 *
 * Without data nothing passes: the verdict is `inconclusive`, and `error` after `errorLimit` such
 * measurements one after the other; with data again it is what the data say. `failed` is final.
 */
export function measured(metric: Metric, before: MetricState | null, at: Measurement): MetricState {
  const was = before ?? newMetricState(metric, at.now);
  const judgedFrom = at.reachedAt + metric.initialDelayMs;
  const taken = { ...was, measured: was.measured + 1, dueAt: nextDue(metric, at.now, judgedFrom) };
  const { sample } = at;
  if (sample.kind === "counts" && isCounted(metric)) {
    const read = { ...taken, dataAt: at.now, errors: 0, baseline: at.counts ?? was.baseline };
    return { ...read, ...ofCounts(metric, was, { sample, judgedFrom }) };
  }
  const { judge } = metric;
  if (sample.kind === "value" && Number.isFinite(sample.value) && judge.kind === "threshold") {
    const read = { ...taken, dataAt: at.now, errors: 0, last: withLast(was, sample.value) };
    const early = at.now < judgedFrom;
    return { ...read, ...(early ? warmingUp : judgeValue(metric, was, { judge, ...sample })) };
  }
  const last = withLast(was, null);
  return at.now < judgedFrom
    ? { ...taken, last }
    : { ...taken, last, ...noData(metric, was, sample) };
}

const warmingUp = { detail: "not judged before the initial delay is over" };
const mostKept = 10;

/** Never past the end of the delay: an interval that it cuts in two could not be judged. */
function nextDue({ intervalMs }: Metric, now: number, judgedFrom: number): number {
  return now < judgedFrom ? Math.min(now + intervalMs, judgedFrom) : now + intervalMs;
}

function withLast({ last }: MetricState, value: number | null): MetricState["last"] {
  return [...last, value].slice(-mostKept);
}

/** What an interval says, if all of it was after the delay. */
function ofCounts(
  metric: CountedMetric,
  was: MetricState,
  { sample, judgedFrom }: { readonly sample: CountsSample; readonly judgedFrom: number },
): Partial<MetricState> {
  const last = withLast(was, figureOf(metric, sample));
  if (was.dataAt === null || was.dataAt < judgedFrom) {
    return { ...warmingUp, reference: referenceAfter(was, sample) };
  }
  if (metric.judge.kind === "comparison" && sample.stable === null) {
    const verdict = was.verdict === "failed" ? "failed" : "successful";
    return { verdict, last, detail: "nothing to compare with: stable gets no requests" };
  }
  return { ...judgeCounts(metric, was, sample), last };
}

/** The canary's own figure in an interval: a share, or ms; null when nothing came. */
function figureOf({ source }: CountedMetric, { canary }: CountsSample): number | null {
  if (source.measure.kind === "latency") {
    return latencyQuantileMs(canary.latency, source.measure.quantile);
  }
  return canary.requests === 0 ? null : canary.errors / canary.requests;
}

function noData(
  { errorLimit }: Metric,
  was: MetricState,
  sample: Sample,
): Pick<MetricState, "verdict" | "detail" | "errors"> {
  const errors = was.errors + 1;
  const detail = `${reasonOf(sample)}; ${errors} in a row, ${errorLimit} make it an error`;
  if (was.verdict === "failed") return { verdict: "failed", detail: was.detail, errors };
  return { verdict: errors >= errorLimit ? "error" : "inconclusive", detail, errors };
}

function reasonOf(sample: Sample): string {
  switch (sample.kind) {
    case "noData":
      return `no data: ${sample.reason}`;
    case "value":
      return Number.isFinite(sample.value)
        ? "no data: a comparison needs the proxy's counters"
        : `no data: the value is ${sample.value}`;
    case "counts":
      return "no data: counters in place of a value";
  }
}
