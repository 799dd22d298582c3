import type { Sample } from "@hitless/core";
import { z } from "zod";
import { ask, excerpt } from "./ask.ts";
import { parsed } from "./http-value.ts";
import { noData, numberOf } from "./number-of.ts";

/** A Prometheus, and how long it may work on one query, ms. */
export interface Prometheus {
  /** Its address, with the prefix that it has, if any. */
  readonly url: URL;
  readonly timeoutMs: number;
}

/** One element of the result of an instant query. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** As Prometheus writes it: `0.5`, `NaN`, `+Inf`. */
  readonly value: string;
}

/** What an instant query came to. */
export type QueryResult =
  | { readonly kind: "series"; readonly series: readonly Series[]; readonly remarks: Remarks }
  /** It never comes to a number as it is written. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "none"; readonly reason: string };

/** Sentences of the engine about the query, such as `PromQL info: metric might not be a counter`. */
type Remarks = readonly string[];

const sampleShape = z.tuple([z.number(), z.string()]);
const seriesShape = z.object({
  metric: z.record(z.string(), z.string()),
  value: sampleShape.optional(),
});
const answerShape = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.discriminatedUnion("resultType", [
      z.object({ resultType: z.literal("vector"), result: z.array(seriesShape) }),
      z.object({ resultType: z.literal("scalar"), result: sampleShape }),
      z.object({ resultType: z.literal("string") }),
      z.object({ resultType: z.literal("matrix") }),
    ]),
    warnings: z.array(z.string()).default([]),
    infos: z.array(z.string()).default([]),
  }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);
type Success = Extract<z.output<typeof answerShape>, { status: "success" }>;

/** Runs an instant query (`POST /api/v1/query`). Never throws. */
export async function instantQuery(
  { url, timeoutMs }: Prometheus,
  query: string,
  signal: AbortSignal,
): Promise<QueryResult> {
  const place = new URL(url);
  place.pathname = `${url.pathname.replace(/\/+$/u, "")}/api/v1/query`;
  const answer = await ask({ url: place, form: { query, timeout: `${timeoutMs}ms` } }, signal);
  if ("reason" in answer) return { kind: "none", ...answer };
  const { status } = answer;
  const read = answerShape.safeParse(parsed(answer.text));
  if (!read.success) return { kind: "none", reason: notPrometheus(url, answer) };
  if (read.data.status === "success" && status === 200) return resultOf(read.data);
  if (read.data.status === "success") return { kind: "none", reason: `HTTP ${status}` };
  const { errorType, error } = read.data;
  if (errorType === "bad_data") {
    return { kind: "refused", reason: `Prometheus refuses the query: ${bounded(error)}` };
  }
  return { kind: "none", reason: `${errorType} at Prometheus: ${bounded(error)}` };
}

/** The one finite number of a result. */
export function sampleOf(result: QueryResult): Sample {
  if (result.kind !== "series") return noData(result.reason);
  const [only, ...others] = result.series;
  if (only === undefined) return noData("empty result");
  if (others.length > 0) return noData(`${result.series.length} series instead of one`);
  const value = numberOf(only.value);
  return value === null ? noData(`the result is ${only.value}`) : { kind: "value", value };
}

function resultOf({ data, warnings, infos }: Success): QueryResult {
  const own = (remark: string) => remark.startsWith("PromQL ");
  // The others are of storage that could not be read, so that the result is one of a part.
  const partial = warnings.filter((warning) => !own(warning));
  if (partial.length > 0) {
    return { kind: "none", reason: `a result in part only: ${bounded(partial.join("; "))}` };
  }
  if (data.resultType === "string" || data.resultType === "matrix") {
    return { kind: "refused", reason: `the result is a ${data.resultType}, no number` };
  }
  const remarks = [...warnings, ...infos].map(bounded);
  if (data.resultType === "scalar") {
    return { kind: "series", series: [{ labels: {}, value: data.result[1] }], remarks };
  }
  const series = data.result.map(({ metric, value }) => ({
    labels: metric,
    value: value?.[1] ?? "a histogram",
  }));
  return { kind: "series", series, remarks };
}

function notPrometheus(url: URL, { status, text }: { status: number; text: string }): string {
  const said = text.trim() === "" ? "nothing" : excerpt(text);
  return `HTTP ${status} from ${url.host}, not as Prometheus answers: ${said}`;
}

function bounded(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
