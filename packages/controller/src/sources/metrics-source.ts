import type { Metric, MetricProblem, MetricsSource, Sample, SecretSource } from "@hitless/core";
import { within } from "../hooks/within.ts";
import { commandValue } from "./command-value.ts";
import { filledUrl, fillIn } from "./fill-in.ts";
import { staleness } from "./freshness.ts";
import { httpValue } from "./http-value.ts";
import { noData } from "./number-of.ts";
import { instantQuery, sampleOf } from "./prometheus.ts";

export interface MetricsSourceOptions {
  /** The folder of the app file: commands run there. */
  readonly folder: string;
  /** The variables that commands get, beside `HITLESS_REVISION`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Has the values of `$NAME` in addresses. */
  readonly secrets: SecretSource;
}

/** Prometheus scrapes once a minute unless told otherwise, s. */
const leastAgeSeconds = 90;

/** Asks Prometheus, HTTP endpoints and commands. Each measurement ends within the metric's own time. */
export function metricsSource(options: MetricsSourceOptions): MetricsSource {
  return {
    measure: (metric, revision, signal) =>
      bounded(metric, signal, (own) => measure({ metric, revision, ...options }, own)),
    check: (metric, revision, signal) => checkInTime({ metric, revision, ...options }, signal),
  };
}

interface Asked<Revision = number> extends MetricsSourceOptions {
  readonly metric: Metric;
  readonly revision: Revision;
}

async function bounded(
  { timeoutMs }: Metric,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Sample>,
): Promise<Sample> {
  const { value, timedOut } = await within({ ms: timeoutMs, signal }, work);
  if (timedOut && value.kind === "noData") return noData(`no answer within ${timeoutMs / 1000} s`);
  return signal.aborted ? noData("it was interrupted") : value;
}

async function measure(asked: Asked, signal: AbortSignal): Promise<Sample> {
  const { metric, revision, folder, environment, secrets } = asked;
  const { source } = metric;
  switch (source.kind) {
    case "proxy":
      return noData("the proxy's own counters are not asked for");
    case "prometheus": {
      const url = await filledUrl(fillIn(source.url, revision), secrets);
      if ("reason" in url) return noData(url.reason);
      const query = fillIn(source.query, revision);
      return youngValue(asked, { url, query }, signal);
    }
    case "http": {
      const url = await filledUrl(fillIn(source.url, revision), secrets);
      return "reason" in url ? noData(url.reason) : httpValue({ url, path: source.path }, signal);
    }
    case "command": {
      const { command } = source;
      const filled =
        typeof command === "string"
          ? fillIn(command, revision)
          : command.map((each) => fillIn(each, revision));
      const env = { ...environment, HITLESS_REVISION: String(revision) };
      return commandValue({ command: filled, cwd: folder, env }, signal);
    }
  }
}

async function youngValue(
  { metric: { intervalMs, timeoutMs } }: Asked,
  { url, query }: { readonly url: URL; readonly query: string },
  signal: AbortSignal,
): Promise<Sample> {
  const prometheus = { url, timeoutMs };
  const sample = sampleOf(await instantQuery(prometheus, query, signal));
  if (sample.kind !== "value") return sample;
  const mostAgeSeconds = Math.max(leastAgeSeconds, (2 * intervalMs) / 1000);
  const stale = await staleness(prometheus, { query, mostAgeSeconds }, signal);
  return stale === null ? sample : noData(stale.reason);
}

async function checkInTime(
  asked: Asked<number | null>,
  signal: AbortSignal,
): Promise<MetricProblem | null> {
  const ms = asked.metric.timeoutMs;
  const { value, timedOut } = await within({ ms, signal }, (own) => check(asked, own));
  return timedOut ? warning(`no answer within ${ms / 1000} s`) : value;
}

/** A command is not run only to see whether it would: what it does is not known. */
async function check(
  asked: Asked<number | null>,
  signal: AbortSignal,
): Promise<MetricProblem | null> {
  const { metric, revision } = asked;
  const { kind } = metric.source;
  if (kind !== "prometheus" && kind !== "http") return null;
  const wrong = await wrongQuery(asked, signal);
  if (wrong !== null || revision === null) return wrong;
  const sample = await measure({ ...asked, revision }, signal);
  return sample.kind === "noData" ? warning(`${sample.reason}, of revision ${revision}`) : null;
}

async function wrongQuery(
  { metric: { source, timeoutMs }, revision, secrets }: Asked<number | null>,
  signal: AbortSignal,
): Promise<MetricProblem | null> {
  if (source.kind !== "prometheus") return null;
  const anyRevision = revision ?? 1;
  const url = await filledUrl(fillIn(source.url, anyRevision), secrets);
  if ("reason" in url) return warning(url.reason);
  const result = await instantQuery({ url, timeoutMs }, fillIn(source.query, anyRevision), signal);
  if (result.kind === "series") {
    return result.remarks.length === 0 ? null : warning(result.remarks.join("; "));
  }
  return { kind: result.kind === "refused" ? "refused" : "warning", text: result.reason };
}

function warning(text: string): MetricProblem {
  return { kind: "warning", text };
}
