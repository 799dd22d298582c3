import { z } from "zod";
import type { Measure } from "../model/metric.ts";
import { must } from "./expectation.ts";
import { parseJsonPath } from "./json-path.ts";
import { nearestKey } from "./nearest-key.ts";
import { text } from "./text.ts";
import { webUrl } from "./web-url.ts";

const measures = ["error-rate", "latency-p50", "latency-p90", "latency-p95", "latency-p99"];
const measureRule = "error-rate, or a latency such as latency-p95";
const pathRule = must("a path into the JSON answer, such as $.data[0].value");

/** What the data plane counted, by the name that the app file has for it. */
export const measureSchema = z
  .string({ error: must(measureRule) })
  .transform((name, context): Measure => {
    const measure = measureOf(name);
    if (measure !== null) return measure;
    const near = nearestKey(name, measures);
    const hint = near === null ? undefined : `did you mean ${near}?`;
    context.issues.push({ code: "custom", message: must(measureRule, hint), input: name });
    return z.NEVER;
  });

/** PromQL. Whether Prometheus takes it, `plan` asks. */
export const promqlSchema = text("a query in PromQL").superRefine(knownPlaceholders);

/** Where to ask. */
export function sourceUrl(example: string) {
  return webUrl(example).superRefine(knownPlaceholders);
}

export const jsonPathSchema = z
  .string({ error: pathRule })
  .refine((path) => parseJsonPath(path) !== null, { error: pathRule });

/** `latency-p99.9`. */
export function measureName(measure: Measure): string {
  if (measure.kind === "errors") return "error-rate";
  return `latency-p${Number((measure.quantile * 100).toFixed(4))}`;
}

function measureOf(name: string): Measure | null {
  if (name === "error-rate") return { kind: "errors" };
  const percent = Number(/^latency-p(\d{1,2}(?:\.\d{1,3})?)$/u.exec(name)?.[1] ?? 0);
  if (percent === 0) return null;
  return { kind: "latency", quantile: Number((percent / 100).toFixed(6)) };
}

function knownPlaceholders(written: string, context: z.core.$RefinementCtx<string>): void {
  for (const [, name] of written.matchAll(/\{\{\s*(\w+)\s*\}\}/gu)) {
    if (name === "revision") continue;
    context.addIssue({
      code: "custom",
      message: must("text in which {{revision}} is the only {{…}}", `it has {{${name}}}`),
    });
  }
}
