import { HitlessError, type Metric, type MetricProblem } from "@hitless/core";
import type { LoadedAppFile } from "../app-file/read-app-file.ts";
import { metricsOf } from "../compose.ts";
import { located } from "../located.ts";
import type { Place } from "../place.ts";

/** Nobody waits for a plan as long as a release waits for its data. */
const checkWithinMs = 5_000;

/**
 * What keeps a metric of the app file from being measured at present, a line for each; it is tried on
 * `revision`, null when none runs. Throws BAD_INPUT at its place in the file for one that can never be
 * measured as it is written.
 */
export async function metricWarnings(
  place: Place,
  file: LoadedAppFile,
  revision: number | null,
): Promise<readonly string[]> {
  const metrics = file.spec.settings.analysis ?? [];
  const source = metricsOf(place);
  const { signal } = new AbortController();
  const problems = await Promise.all(
    metrics.map((metric) =>
      source.check(
        { ...metric, timeoutMs: Math.min(metric.timeoutMs, checkWithinMs) },
        revision,
        signal,
      ),
    ),
  );
  return problems.flatMap((problem, index) => {
    const metric = metrics[index];
    if (problem === null || metric === undefined) return [];
    if (problem.kind === "refused") throw located(file, refused(problem, metric, index));
    return [`metric ${metric.name}: ${problem.text}`];
  });
}

function refused({ text }: MetricProblem, metric: Metric, index: number): HitlessError {
  return new HitlessError("BAD_INPUT", `metric ${metric.name}: ${text}`, {
    path: ["analysis", index, metric.source.kind],
    next: "Correct it; docs/analysis.md has queries that work.",
  });
}
