import type { Hooks } from "../../model/app.ts";
import type { Hook } from "../../model/hook.ts";
import type { Judge, Measure, Metric, MetricSource } from "../../model/metric.ts";
import { exampleHook, exampleMetric } from "../examples.ts";
import type { Random } from "./random.ts";
import type { Measured } from "./story.ts";

/** Names that metrics of a story can have; each has its own course. */
export const metricNames: readonly string[] = ["m0", "m1", "m2"];

/** What becomes of a hook is in its name. */
export const hookFates = ["good", "bad", "long", "hangs"] as const;
export type HookFate = (typeof hookFates)[number];

export function metricsOf(random: Random): readonly Metric[] {
  const several = random.pick([0, 1, 1, 1, 2, 3]);
  return metricNames.slice(0, several).map((name) => metricOf(random, name));
}

function metricOf(random: Random, name: string): Metric {
  const counted = random.chance(0.3);
  return {
    ...exampleMetric,
    name,
    ...(counted ? countedOf(random) : { source: sourceOf(random) }),
    intervalMs: random.pick([1000, 5000, 10_000, 30_000]),
    initialDelayMs: random.pick([0, 0, 0, random.magnitude(100, 20_000)]),
    timeoutMs: random.pick([1000, 5000]),
    errorLimit: random.whole(1, 4),
    failureLimit: random.pick([0, 0, 1, 2]),
    onNoData: random.chance(0.8) ? "hold" : "fail",
    requests: { least: random.magnitude(10, 200), most: 10_000 },
  };
}

/** The proxy's own counters: an error rate or a latency, with a bound or beside stable. */
function countedOf(random: Random): { readonly source: MetricSource; readonly judge: Judge } {
  const errors = random.chance(0.6);
  const measure: Measure = errors ? { kind: "errors" } : { kind: "latency", quantile: 0.95 };
  const below = errors ? 0.01 : 1000;
  const effect = errors ? 0.005 : 1.2;
  const judge: Judge = random.chance(0.5)
    ? { kind: "threshold", below, above: null }
    : { kind: "comparison", effect };
  return { source: { kind: "proxy", measure }, judge };
}

function sourceOf(random: Random): MetricSource {
  return random.pick([
    exampleMetric.source,
    { kind: "prometheus", url: "http://127.0.0.1:9090", query: "errors" },
    { kind: "http", url: "http://127.0.0.1:8000/errors", path: "$.errors" },
  ]);
}

/** What the source of a metric says, one measurement after the other; the last one stays. */
export function courseOf(random: Random): readonly Measured[] {
  const early = random.several(random.pick([0, 0, 0, 1, 3, 6]), () =>
    random.pick(["none", "none", "good", "bad"] as const),
  );
  return [...early, random.chance(0.06) ? "bad" : "good"];
}

export function appHooksOf(random: Random): Hooks {
  const some = () => (random.chance(0.6) ? hooksOf(random) : []);
  return { before: some(), afterSwitch: some(), onFailure: some() };
}

export function hooksOf(random: Random): readonly Hook[] {
  return random.several(random.pick([1, 1, 2]), () => hookOf(random));
}

/** Names are unique at a waypoint, wherever its hooks come from. */
function hookOf(random: Random): Hook {
  const fate = random.pick(["good", "good", "good", "good", "bad", "long", "hangs"] as const);
  return {
    ...exampleHook,
    name: `${fate}-${random.whole(1, 1_000_000_000)}`,
    timeoutMs: random.magnitude(1000, 60_000),
    attempts: random.pick([1, 1, 3]),
    onFail: random.pick(["back", "hold", "continue"]),
  };
}

export function fateOf(key: string): HookFate {
  return hookFates.find((fate) => key.includes(`/${fate}-`)) ?? "good";
}
