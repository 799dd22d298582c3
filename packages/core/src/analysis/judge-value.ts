import type { Judge, Metric, MetricState } from "../model/metric.ts";
import { digits } from "./digits.ts";

type Threshold = Extract<Judge, { kind: "threshold" }>;

/** What one number from a source says, after those before. */
export function judgeValue(
  { failureLimit }: Metric,
  before: MetricState,
  { judge, value }: { readonly judge: Threshold; readonly value: number },
): Pick<MetricState, "verdict" | "detail" | "failures"> {
  const { below, above } = judge;
  const good = (below === null || value < below) && (above === null || value > above);
  const failures = before.failures + (good ? 0 : 1);
  const tally = failures === 0 ? "" : `; ${failures} wrong so far, ${failureLimit} allowed`;
  const detail = `${digits(value)}, wanted ${wanted(judge)}${tally}`;
  if (failures > failureLimit) return { verdict: "failed", detail, failures };
  return { verdict: good ? "successful" : "inconclusive", detail, failures };
}

function wanted({ below, above }: Threshold): string {
  const bounds = [
    ...(below === null ? [] : [`below ${below}`]),
    ...(above === null ? [] : [`above ${above}`]),
  ];
  return bounds.join(" and ");
}
