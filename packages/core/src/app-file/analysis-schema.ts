import { z } from "zod";
import type { Metric, MetricSource } from "../model/metric.ts";
import { runSchema } from "./command-schema.ts";
import { writtenDuration } from "./duration.ts";
import { duration } from "./duration-schema.ts";
import { must } from "./expectation.ts";
import { boundSchema, judgeOf, judgeProblems, type KeyProblem, writtenJudge } from "./judge.ts";
import {
  jsonPathSchema,
  measureName,
  measureSchema,
  promqlSchema,
  sourceUrl,
} from "./metric-source-schema.ts";
import { parseShare, writtenShare } from "./percent.ts";
import { section } from "./section.ts";
import { wholeNumber } from "./whole-number.ts";

const nameRule = must(
  "a name of at most 40 letters, digits, spaces, dots, _ and -, with a letter or digit first",
);
const listRule = "a list of metrics, such as [{ metric: error-rate, below: 1% }]";
const mostMetrics = 50;
const times = { least: "100ms", most: "1d" } as const;
const intervalMs = { proxy: 1_000, outside: 30_000 } as const;
const usualTimeoutMs = 10_000;
const usualRequests = { least: 200, most: 20_000 } as const;
const usualFalseAlarms = 0.05;

const requestsSchema = section(
  {
    least: wholeNumber(1, 1_000_000).default(usualRequests.least),
    most: wholeNumber(1, 1_000_000_000).default(usualRequests.most),
  },
  must(`a mapping such as { least: ${usualRequests.least}, most: ${usualRequests.most} }`),
).superRefine(({ least, most }, context) => {
  if (least <= most) return;
  const message = must(`at least ${least}, as many as least`);
  context.addIssue({ code: "custom", path: ["most"], message });
});

const shape = {
  metric: measureSchema.optional(),
  prometheus: promqlSchema.optional(),
  http: sourceUrl("http://127.0.0.1:9000/errors?revision={{revision}}").optional(),
  command: runSchema.optional(),
  url: sourceUrl("http://127.0.0.1:9090").optional(),
  path: jsonPathSchema.optional(),
  below: boundSchema.optional(),
  above: boundSchema.optional(),
  compare: z.literal("stable", { error: must("stable") }).optional(),
  effect: share({ least: "0.01%", most: "100%" }).optional(),
  name: z
    .string({ error: nameRule })
    .regex(/^[\p{L}\d][\p{L}\d ._-]{0,39}$/u, { error: nameRule })
    .refine((name) => !(name in {}), { error: must("another name: JavaScript keeps this one") })
    .optional(),
  interval: duration(times).optional(),
  initialDelay: duration({ ...times, least: "0s" }).default(0),
  timeout: duration({ ...times, most: "10m" }).optional(),
  errorLimit: wholeNumber(1, 1000).default(4),
  failureLimit: wholeNumber(0, 1000).optional(),
  onNoData: z.literal(["hold", "fail"], { error: must("hold or fail") }).default("hold"),
  falseAlarms: share({ least: "0.1%", most: "50%" }).optional(),
  requests: requestsSchema.optional(),
};

const sourceKeys = ["metric", "prometheus", "http", "command"] as const;
const otherKeys = Object.keys(shape).slice(sourceKeys.length);

const fields = section(
  shape,
  must("a mapping such as { metric: error-rate, below: 1% }"),
  `its source is metric, prometheus, http or command; beside it may stand ${otherKeys.join(", ")}`,
);
type Fields = z.output<typeof fields>;

const numberSources = ["prometheus", "http", "command"] as const;

/** Keys that only some sources have. */
const onlyOf: Readonly<Partial<Record<keyof Fields, readonly (keyof Fields)[]>>> = {
  url: ["prometheus"],
  path: ["http"],
  above: numberSources,
  compare: ["metric"],
  effect: ["metric"],
  timeout: numberSources,
  failureLimit: numberSources,
  falseAlarms: ["metric"],
  requests: ["metric"],
};

const metricSchema = fields
  .superRefine(checkSource)
  .transform((metric): Omit<Metric, "name"> & { readonly name: string | undefined } => {
    const source = sourceOf(metric);
    return {
      name: metric.name,
      source,
      judge: judgeOf(metric),
      intervalMs: metric.interval ?? intervalMs[source.kind === "proxy" ? "proxy" : "outside"],
      initialDelayMs: metric.initialDelay,
      timeoutMs: metric.timeout ?? usualTimeoutMs,
      errorLimit: metric.errorLimit,
      failureLimit: metric.failureLimit ?? 0,
      onNoData: metric.onNoData,
      falseAlarms: metric.falseAlarms ?? usualFalseAlarms,
      requests: metric.requests ?? usualRequests,
    };
  });

/** `analysis`. */
export const analysisSchema = z
  .array(metricSchema, { error: must(listRule) })
  .max(mostMetrics, { error: must(`a list of at most ${mostMetrics} metrics`) })
  .transform((metrics, context): readonly Metric[] => {
    const names = new Set<string>();
    for (const [index, { name }] of metrics.entries()) {
      if (name === undefined) continue;
      if (names.has(name)) {
        const message = must("a name of its own: another metric has this one");
        context.issues.push({ code: "custom", message, input: metrics, path: [index, "name"] });
      }
      names.add(name);
    }
    return metrics.map((metric) => ({ ...metric, name: metric.name ?? freeName(metric, names) }));
  });

/** Metrics as the app file writes them. */
export function writtenAnalysis(metrics: readonly Metric[]): readonly unknown[] {
  return metrics.map((metric) => {
    const { source, judge, falseAlarms, requests, failureLimit } = metric;
    const measure = source.kind === "proxy" ? source.measure : undefined;
    return {
      name: metric.name,
      ...writtenSource(source),
      ...writtenJudge(judge, measure),
      interval: writtenDuration(metric.intervalMs),
      initialDelay: writtenDuration(metric.initialDelayMs),
      errorLimit: metric.errorLimit,
      onNoData: metric.onNoData,
      ...(measure === undefined
        ? { timeout: writtenDuration(metric.timeoutMs), failureLimit }
        : { falseAlarms: writtenShare(falseAlarms), requests }),
    };
  });
}

function writtenSource(source: MetricSource): Readonly<Record<string, unknown>> {
  switch (source.kind) {
    case "proxy":
      return { metric: measureName(source.measure) };
    case "prometheus":
      return { prometheus: source.query, url: source.url };
    case "http":
      return { http: source.url, path: source.path };
    case "command":
      return { command: source.command };
  }
}

/** What it measures, with a number where that is taken; the name is taken then. */
function freeName({ source, judge }: Omit<Metric, "name">, taken: Set<string>): string {
  const measured = source.kind === "proxy" ? measureName(source.measure) : source.kind;
  const plain = judge.kind === "comparison" ? `${measured} vs stable` : measured;
  let name = plain;
  for (let number = 2; taken.has(name); number += 1) name = `${plain} ${number}`;
  taken.add(name);
  return name;
}

function checkSource(metric: Fields, context: z.RefinementCtx): void {
  const [source, ...others] = sourceKeys.filter((key) => metric[key] !== undefined);
  if (source === undefined || others.length > 0) {
    const message = must("a mapping with exactly one of metric, prometheus, http and command");
    context.addIssue({ code: "custom", message });
    return;
  }
  const misplaced = Object.entries(onlyOf).filter(
    ([key, owners]) => key in metric && !owners.includes(source),
  );
  for (const [key, owners] of misplaced) {
    context.addIssue({
      code: "custom",
      path: [key],
      message: must(`left out here: it belongs to ${owners.join(", ")}`),
      params: { kind: "key" },
    });
  }
  if (misplaced.length > 0) return;
  for (const { key, be, isKey } of [...missing(metric), ...judgeProblems(metric)]) {
    const params = isKey ? { params: { kind: "key" } } : {};
    context.addIssue({ code: "custom", path: [key], message: be, ...params });
  }
}

function missing({ prometheus, url, http, path }: Fields): readonly KeyProblem[] {
  if (prometheus !== undefined && url === undefined) {
    return [{ key: "url", be: must("where Prometheus is, such as http://127.0.0.1:9090") }];
  }
  if (http === undefined || path !== undefined) return [];
  return [{ key: "path", be: must("a path into the JSON answer, such as $.data[0].value") }];
}

function sourceOf({ metric, prometheus, http, command, url, path }: Fields): MetricSource {
  if (metric !== undefined) return { kind: "proxy", measure: metric };
  if (prometheus !== undefined) return { kind: "prometheus", url: url ?? "", query: prometheus };
  if (http !== undefined) return { kind: "http", url: http, path: path ?? "$" };
  return { kind: "command", command: command ?? "" };
}

function share({ least, most }: { readonly least: string; readonly most: string }) {
  const error = must(`a percentage from ${least} to ${most}`);
  const [min, max] = [parseShare(least) ?? 0, parseShare(most) ?? 1];
  return z.string({ error }).transform((text, context) => {
    const part = parseShare(text);
    if (part !== null && part >= min && part <= max) return part;
    context.issues.push({ code: "custom", message: error, input: text });
    return z.NEVER;
  });
}
