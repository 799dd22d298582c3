import { describe, expect, it } from "vitest";
import type { Metric } from "../model/metric.ts";
import { applyOverrides } from "./apply-overrides.ts";
import { parseAppFile } from "./parse-app-file.ts";
import { writtenSettings } from "./written-settings.ts";

const least = {
  strategy: "canary",
  name: "shop",
  run: "node x.js",
  probes: { readiness: { path: "/ready" } },
};
const prometheus = { prometheus: "up", url: "http://127.0.0.1:9090" };
const http = { http: "http://127.0.0.1:9000/q", path: "$.value" };

function metricsOf(...analysis: readonly unknown[]): readonly Metric[] {
  const parsed = parseAppFile({ ...least, analysis });
  if (parsed.kind === "ok") return parsed.spec.settings.analysis ?? [];
  throw new Error(parsed.problems.map(({ message }) => message).join("\n"));
}

function toldOf(analysis: unknown): readonly string[] {
  const parsed = parseAppFile({ ...least, analysis });
  if (parsed.kind === "ok") return [];
  return parsed.problems.map((p) => (p.next === undefined ? p.message : `${p.message}; ${p.next}`));
}

const usual = {
  initialDelayMs: 0,
  timeoutMs: 10_000,
  errorLimit: 4,
  failureLimit: 0,
  onNoData: "hold",
  falseAlarms: 0.05,
  requests: { least: 200, most: 20_000 },
};

describe("a metric", () => {
  it("of the proxy's counters is a share, a time, or a comparison with stable", () => {
    const errors = { kind: "proxy", measure: { kind: "errors" } };
    const slow = (quantile: number) => ({ kind: "proxy", measure: { kind: "latency", quantile } });
    expect(
      metricsOf(
        { metric: "error-rate", below: "0.5%" },
        { metric: "latency-p99.9", below: "1s" },
        { metric: "error-rate", compare: "stable" },
        { metric: "latency-p95", compare: "stable", effect: "30%", interval: "1s" },
      ),
    ).toEqual([
      {
        ...usual,
        name: "error-rate",
        source: errors,
        judge: { kind: "threshold", below: 0.005, above: null },
        intervalMs: 1_000,
      },
      {
        ...usual,
        name: "latency-p99.9",
        source: slow(0.999),
        judge: { kind: "threshold", below: 1_000, above: null },
        intervalMs: 1_000,
      },
      {
        ...usual,
        name: "error-rate vs stable",
        source: errors,
        judge: { kind: "comparison", effect: 0.002 },
        intervalMs: 1_000,
      },
      {
        ...usual,
        name: "latency-p95 vs stable",
        source: slow(0.95),
        judge: { kind: "comparison", effect: 1.3 },
        intervalMs: 1_000,
      },
    ]);
  });

  it("of another source is one number, between bounds", () => {
    const [metric] = metricsOf({
      ...prometheus,
      above: 0.99,
      below: 2,
      timeout: "3s",
      failureLimit: 2,
      onNoData: "fail",
      initialDelay: "1m",
    });
    expect(metric).toEqual({
      ...usual,
      name: "prometheus",
      source: { kind: "prometheus", url: prometheus.url, query: "up" },
      judge: { kind: "threshold", below: 2, above: 0.99 },
      intervalMs: 30_000,
      initialDelayMs: 60_000,
      timeoutMs: 3_000,
      failureLimit: 2,
      onNoData: "fail",
    });
    const sources = metricsOf({ ...http, below: 5 }, { command: ["./check.sh", 3], below: 5 });
    expect(sources.map(({ source }) => source)).toEqual([
      { kind: "http", url: http.http, path: http.path },
      { kind: "command", command: ["./check.sh", "3"] },
    ]);
  });

  it("has a name of its own, given or not", () => {
    const named = { ...prometheus, below: 1 };
    const metrics = metricsOf(named, { ...named, name: "prometheus" }, named);
    expect(metrics.map(({ name }) => name)).toEqual(["prometheus 2", "prometheus", "prometheus 3"]);
  });

  it("is read again as it is written", () => {
    const analysis = [
      { metric: "error-rate", below: "0.25%", falseAlarms: "1%", requests: { least: 9, most: 9 } },
      { metric: "latency-p50", compare: "stable", effect: "20%" },
      { ...prometheus, above: 0.99, interval: "90s" },
      { ...http, below: 5 },
      { command: "./check.sh", below: -3, above: -4 },
    ];
    const parsed = parseAppFile({ ...least, analysis });
    if (parsed.kind !== "ok") throw new Error(JSON.stringify(parsed.problems));
    const { analysis: written } = writtenSettings(parsed.spec.settings);
    expect(metricsOf(...(Array.isArray(written) ? written : []))).toEqual(metricsOf(...analysis));
  });

  it("takes an override at its place, as a number where that is wanted", () => {
    const file = {
      ...least,
      analysis: [
        { ...http, below: 5 },
        { metric: "error-rate", below: 0.1 },
      ],
    };
    const raw = applyOverrides(file, { "analysis.0.below": "7", "analysis.1.below": "2%" });
    const parsed = parseAppFile(raw);
    const analysis = parsed.kind === "ok" ? parsed.spec.settings.analysis : [];
    expect(analysis?.map(({ judge }) => judge)).toEqual([
      { kind: "threshold", below: 7, above: null },
      { kind: "threshold", below: 0.02, above: null },
    ]);
  });

  it("is left out when the list is empty", () => {
    const parsed = parseAppFile({ ...least, analysis: [] });
    expect(parsed.kind === "ok" && "analysis" in parsed.spec.settings).toBe(false);
  });
});

const share = "a percentage such as 1%, more than 0% and less than 100%";
const number = "a number, in the unit of what is measured";

describe("a bad metric", () => {
  it.each<readonly [unknown, string]>([
    [{ promethus: "up" }, 'analysis[0].promethus is not a known key; did you mean "prometheus"?'],
    [
      { datadog: "avg:x", below: 1 },
      "analysis[0].datadog is not a known key; its source is metric, prometheus, http or command; beside it may stand url, path, below, above, compare, effect, name, interval, initialDelay, timeout, errorLimit, failureLimit, onNoData, falseAlarms, requests",
    ],
    [
      { below: 1 },
      "analysis[0] is a mapping; it must be a mapping with exactly one of metric, prometheus, http and command",
    ],
    [
      { ...prometheus, metric: "error-rate" },
      "analysis[0] is a mapping; it must be a mapping with exactly one of metric, prometheus, http and command",
    ],
    [
      { metric: "eror-rate", below: "1%" },
      'analysis[0].metric is "eror-rate"; it must be error-rate, or a latency such as latency-p95; did you mean error-rate?',
    ],
    [
      { metric: "latency-p100", below: "1s" },
      'analysis[0].metric is "latency-p100"; it must be error-rate, or a latency such as latency-p95; did you mean latency-p50?',
    ],
    [
      { metric: "error-rate" },
      `analysis[0].below is missing; it must be ${share}; or write compare: stable instead`,
    ],
    [{ metric: "error-rate", below: "1s" }, `analysis[0].below is "1s"; it must be ${share}`],
    [{ metric: "error-rate", below: 1 }, `analysis[0].below is 1; it must be ${share}`],
    [{ metric: "error-rate", below: "0%" }, `analysis[0].below is "0%"; it must be ${share}`],
    [
      { metric: "latency-p95", below: 1000 },
      "analysis[0].below is 1000; it must be a time such as 500ms, more than 0; write 1000ms",
    ],
    [
      { ...prometheus, below: "1%" },
      `analysis[0].below is "1%"; it must be ${number}; write 0.01 for a share`,
    ],
    [
      { ...prometheus, below: "500ms" },
      `analysis[0].below is "500ms"; it must be ${number}; write 0.5 for seconds, as Prometheus counts them`,
    ],
    [
      { ...prometheus, below: "low" },
      'analysis[0].below is "low"; it must be a percentage such as 1%, a time such as 500ms or a number',
    ],
    [
      { ...prometheus, below: 1, above: 1 },
      "analysis[0].above is 1; it must be less than below, which is 1: no number is both",
    ],
    [
      { ...prometheus, compare: "stable" },
      "analysis[0].compare cannot be used; it must be left out here: it belongs to metric",
    ],
    [
      { metric: "error-rate", below: "1%", above: "0.1%" },
      "analysis[0].above cannot be used; it must be left out here: it belongs to prometheus, http, command",
    ],
    [
      { metric: "error-rate", compare: "canary" },
      'analysis[0].compare is "canary"; it must be stable',
    ],
    [
      { metric: "error-rate", below: "1%", effect: "1%" },
      "analysis[0].effect cannot be used; it must be left out here: it belongs to compare",
    ],
    [
      { metric: "error-rate", below: "1%", compare: "stable" },
      "analysis[0].below cannot be used; it must be left out here: a comparison has effect, or is a metric of its own",
    ],
    [
      { prometheus: "up", below: 1 },
      "analysis[0].url is missing; it must be where Prometheus is, such as http://127.0.0.1:9090",
    ],
    [
      { ...http, path: "$..value", below: 1 },
      'analysis[0].path is "$..value"; it must be a path into the JSON answer, such as $.data[0].value',
    ],
    [
      { ...prometheus, url: "ftp://x", below: 1 },
      'analysis[0].url is "ftp://x"; it must be an address that begins with http:// or https://, such as http://127.0.0.1:9090',
    ],
    [
      { ...prometheus, url: "http://me:hunter2@127.0.0.1", below: 1 },
      'analysis[0].url is "http://…@127.0.0.1"; it must be an address without a password in it; write $NAME for it, and set NAME in the environment of the controller',
    ],
    [
      { prometheus: 'x{r="{{revison}}"}', url: prometheus.url, below: 1 },
      'analysis[0].prometheus is "x{r=\\"{{revison}}\\"}"; it must be text in which {{revision}} is the only {{…}}; it has {{revison}}',
    ],
    [
      { metric: "error-rate", below: "1%", requests: { least: 30_000 } },
      "analysis[0].requests.most is missing; it must be at least 30000, as many as least",
    ],
    [
      { metric: "error-rate", below: "1%", falseAlarms: "60%" },
      'analysis[0].falseAlarms is "60%"; it must be a percentage from 0.1% to 50%',
    ],
    [
      { ...prometheus, below: 1, name: "constructor" },
      'analysis[0].name is "constructor"; it must be another name: JavaScript keeps this one',
    ],
  ])("is told what is wrong with %j", (metric, message) => {
    expect(toldOf([metric])).toEqual([message]);
  });

  it("has the name of another", () => {
    const named = { ...prometheus, below: 1, name: "orders" };
    expect(toldOf([named, { ...named }])).toEqual([
      'analysis[1].name is "orders"; it must be a name of its own: another metric has this one',
    ]);
  });

  it("stands in no list", () => {
    const rule = "it must be a list of metrics, such as [{ metric: error-rate, below: 1% }]";
    expect(toldOf({ metric: "error-rate" })).toEqual([`analysis is a mapping; ${rule}`]);
    expect(toldOf(["error-rate"])).toEqual([
      'analysis[0] is "error-rate"; it must be a mapping such as { metric: error-rate, below: 1% }',
    ]);
  });
});

it("takes a password from the environment, by its name", () => {
  const url = "http://me:$PROM_PASSWORD@127.0.0.1:9090";
  expect(metricsOf({ prometheus: "up", url, below: 1 })[0]?.source).toMatchObject({ url });
});
