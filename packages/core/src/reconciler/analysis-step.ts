import { countsOf, countsSince, type Sides } from "../analysis/counts-since.ts";
import { measured } from "../analysis/measured.ts";
import { moving } from "../analysis/outage.ts";
import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { CountsView, Judged, Metric, MetricState, Sample } from "../model/metric.ts";
import type { Observation } from "../model/observed.ts";
import type { Release } from "../model/release.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { hasEverything } from "../strategies/waypoint.ts";
import { attemptOf } from "./position.ts";
import type { World } from "./world.ts";

/** The measurements of sources that are asked, as far as they are due. */
export function dueMeasurements(
  release: Release,
  waypoint: Waypoint,
  now: number,
): readonly Observation[] {
  if (release.reached === null || release.paused !== null) return [];
  return dueMetrics(release, waypoint, now).map((metric) => {
    const key = measurementKey(release, waypoint, metric);
    return { kind: "measurement", key, metric, revision: release.to };
  });
}

/** The metrics of sources that are asked of which a measurement is due, and perhaps under way. */
export function dueMetrics(release: Release, waypoint: Waypoint, now: number): readonly Metric[] {
  return (waypoint.metrics ?? []).filter(
    (metric) => metric.source.kind !== "proxy" && isDue(release, metric, now),
  );
}

/**
 * Folds what was measured since into the release; null when nothing new is there. All that an
 * analysis knows is in the release: a controller that follows goes on with it.
 */
export function measureStep(app: App, waypoint: Waypoint, world: World): Decision | null {
  const { release } = app;
  if (release === null) return null;
  const reachedAt = release.reached?.at ?? release.enteredAt;
  const fresh: Record<string, MetricState> = {};
  for (const metric of watchedAt(release, waypoint)) {
    const sample = sampleOf(metric, { release, waypoint, world });
    if (sample === null) continue;
    const before = release.analysis?.[metric.name] ?? null;
    const counts = baselineOf(metric, { release, waypoint, world });
    fresh[metric.name] = measured(metric, before, { sample, now: world.now, counts, reachedAt });
  }
  const metrics = Object.keys(fresh);
  if (metrics.length === 0) return null;
  const analysis = { ...release.analysis, ...fresh };
  return {
    kind: "advance",
    app: { ...app, release: { ...release, analysis } },
    why: { kind: "measured", waypoint: waypoint.id, metrics },
  };
}

/** What is measured where the release is: until it has reached the waypoint, an outage alone. */
function watchedAt({ reached }: Release, { metrics = [] }: Waypoint): readonly Metric[] {
  return reached === null ? metrics.flatMap((metric) => moving(metric) ?? []) : metrics;
}

/** The first metric that turns the release back; null when none does. */
export function failedMetric(
  release: Release,
  waypoint: Waypoint,
): { readonly metric: Metric; readonly state: MetricState } | null {
  for (const metric of watchedAt(release, waypoint)) {
    const state = release.analysis?.[metric.name];
    if (state === undefined) continue;
    const unread = state.verdict === "error" && metric.onNoData === "fail";
    if (state.verdict === "failed" || unread) return { metric, state };
  }
  return null;
}

/** The first metric with that verdict, or the first that was never measured; null when there is none. */
export function undecidedMetric(
  release: Release,
  waypoint: Waypoint,
  among: readonly MetricState["verdict"][],
): { readonly metric: Metric; readonly state: MetricState | null } | null {
  for (const metric of waypoint.metrics ?? []) {
    const state = release.analysis?.[metric.name] ?? null;
    if (state === null ? among.includes("inconclusive") : among.includes(state.verdict)) {
      return { metric, state };
    }
  }
  return null;
}

/** What the metrics said so far, as the release keeps it when it leaves the waypoint. */
export function judgedSoFar(release: Release, at: number): Pick<Release, "judged"> {
  const { analysis = {}, judged = [] } = release;
  const waypoint = release.plan[release.cursor]?.id ?? "";
  const now = Object.entries(analysis).map(
    ([metric, { verdict, detail }]): Judged => ({ waypoint, metric, verdict, detail, at }),
  );
  const all = [...judged, ...now].slice(-mostJudged);
  return all.length === 0 ? {} : { judged: all };
}

/** When the next measurement is due; Infinity: none is. */
export function nextDue(release: Release, waypoint: Waypoint): number {
  const times = (waypoint.metrics ?? []).map((m) => release.analysis?.[m.name]?.dueAt ?? 0);
  return Math.min(Number.POSITIVE_INFINITY, ...times);
}

/** As many verdicts as a release keeps for its history. */
const mostJudged = 100;

function isDue({ analysis }: Release, metric: Metric, now: number): boolean {
  return (analysis?.[metric.name]?.dueAt ?? 0) <= now;
}

interface Asked {
  readonly release: Release;
  readonly waypoint: Waypoint;
  readonly world: World;
}

function sampleOf(metric: Metric, at: Asked): Sample | null {
  const { release, waypoint, world } = at;
  if (!isDue(release, metric, world.now)) return null;
  if (metric.source.kind !== "proxy") {
    return world.seen.measurements[measurementKey(release, waypoint, metric)] ?? null;
  }
  const { counts } = world.seen;
  if (counts.kind === "unknown") return { kind: "noData", reason: counts.reason };
  const before = release.analysis?.[metric.name]?.baseline ?? null;
  return countsSince(before, counts.value, sidesAt(release, waypoint));
}

/** The counts from which the next difference is taken; null: they are not known, or not asked for. */
function baselineOf(metric: Metric, { release, waypoint, world }: Asked): CountsView | null {
  const { counts } = world.seen;
  if (metric.source.kind !== "proxy" || counts.kind === "unknown") return null;
  return countsOf(counts.value, sidesAt(release, waypoint));
}

function sidesAt(release: Release, waypoint: Waypoint): Sides {
  return { canary: release.to, stable: hasEverything(waypoint) ? null : release.from };
}

/** The same measurement has the same key, whoever asks for it. */
function measurementKey(release: Release, waypoint: Waypoint, metric: Metric): string {
  const nth = release.analysis?.[metric.name]?.measured ?? 0;
  return `${release.id}/${attemptOf(release)}/${waypoint.id}/${metric.name}/${nth}`;
}
