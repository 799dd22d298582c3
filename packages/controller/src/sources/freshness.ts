import type { Missing } from "./fill-in.ts";
import { instantQuery, type Prometheus, type Series } from "./prometheus.ts";
import { type Selector, selectorsOf } from "./promql-selectors.ts";

/** A query whose samples must be young. */
export interface Freshness {
  readonly query: string;
  /** Older than this, the newest sample of a metric is stale, seconds. */
  readonly mostAgeSeconds: number;
}

/**
 * What is wrong with the samples that a query rests on; null: nothing. An answer may be made of what
 * is over: a plain selector finds samples of up to five minutes ago, and a window such as `[5m]` goes
 * on for as long when its target is gone. So each metric of the query must have a sample *now*, one
 * that Prometheus has not marked as the last of its series, and a young one. One that had none within
 * the query's own windows has no part in the answer, and need not have one, as long as another has.
 * A query without selectors rests on no samples.
 */
export async function staleness(
  prometheus: Prometheus,
  { query, mostAgeSeconds }: Freshness,
  signal: AbortSignal,
): Promise<Missing | null> {
  const selectors = selectorsOf(query);
  if (selectors === null) return { reason: "how old its samples are cannot be told" };
  const metrics = [...groupBy(selectors)];
  if (metrics.length === 0) return null;
  const ages = await partsOf(prometheus, metrics.map(ageOf), signal);
  if ("reason" in ages) return ages;
  const old = metrics.find((_, index) => Number(ages.get(index) ?? 0) > mostAgeSeconds);
  if (old !== undefined) {
    const age = Math.round(Number(ages.get(metrics.indexOf(old))));
    return { reason: `the newest sample of ${old[0]} is ${age} s old` };
  }
  const dead = metrics.filter((_, index) => !ages.has(index));
  const ended = await endedOf(prometheus, dead, signal);
  if (ended !== null || dead.length < metrics.length) return ended;
  return { reason: `no series of ${dead.map(([name]) => name).join(" or ")} has a sample now` };
}

type Metric = readonly [name: string, selectors: readonly Selector[]];

/** The one of these that the answer rests on all the same. */
async function endedOf(
  prometheus: Prometheus,
  dead: readonly Metric[],
  signal: AbortSignal,
): Promise<Missing | null> {
  const windows = dead.map(windowOf);
  if (windows.every((window) => window === null)) return null;
  const used = await partsOf(prometheus, windows, signal);
  if ("reason" in used) return used;
  const ended = dead.find((_, index) => used.has(index));
  if (ended === undefined) return null;
  return {
    reason: `${ended[0]} has a sample in its window, but none now: its target is gone or down`,
  };
}

function groupBy(selectors: readonly Selector[]): ReadonlyMap<string, readonly Selector[]> {
  const groups = new Map<string, Selector[]>();
  for (const selector of selectors) {
    groups.set(selector.metric, [...(groups.get(selector.metric) ?? []), selector]);
  }
  return groups;
}

/** Seconds since its newest sample; no series when none is alive. */
function ageOf([, selectors]: Metric): string {
  const texts = new Set(selectors.map(({ text }) => `timestamp(${text})`));
  return `time() - max(${[...texts].join(" or ")})`;
}

/** A series when there was a sample in a window. */
function windowOf([, selectors]: Metric): string | null {
  const texts = selectors.flatMap(({ text, range }) =>
    range === null ? [] : [`count_over_time(${text}[${range}])`],
  );
  return texts.length === 0 ? null : `sum(${texts.join(" or ")})`;
}

const part = "hitless_part";

/** The values of several queries without labels, asked as one: by their place, those that have one. */
async function partsOf(
  prometheus: Prometheus,
  queries: readonly (string | null)[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string> | Missing> {
  const labelled = queries.flatMap((query, index) =>
    query === null ? [] : [`label_replace(${query}, "${part}", "${index}", "", "")`],
  );
  const result = await instantQuery(prometheus, labelled.join(" or "), signal);
  if (result.kind !== "series") {
    return { reason: `how old its samples are cannot be told: ${result.reason}` };
  }
  const placed = ({ labels, value }: Series) => [Number(labels[part]), value] as const;
  return new Map(result.series.map(placed));
}
