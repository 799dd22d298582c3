import type { MetricState, SideCount } from "../model/metric.ts";
import { allowedShare, type CountedMetric } from "./counted-metric.ts";
import { digits, percent } from "./digits.ts";

/** What a verdict rests on. */
interface Figures {
  readonly counted: MetricState["counted"];
  /** Of these, the later ones; all, while there are few. */
  readonly recent: MetricState["counted"];
  /** The evidence that the canary is worse, as odds: 1 at first. */
  readonly odds: number;
  readonly verdict: MetricState["verdict"];
  /** From which latency on an answer is slow; null for errors. */
  readonly lineMs: number | null;
}

const mostOdds = 1_000_000;

/** `2.1 % errors in 224 requests (stable 0.1 % in 2016), evidence 310 to 1 (fails from 120)`. */
export function describeCounts(
  metric: CountedMetric,
  { counted, recent, odds, verdict, lineMs }: Figures,
): string {
  const { canary, stable } = recent;
  const last = canary.total < counted.canary.total ? "the last " : "";
  const requests = `${last}${Math.round(canary.total)} requests`;
  const what = lineMs === null ? "errors" : `slower than ${digits(lineMs)} ms`;
  const beside =
    metric.judge.kind === "threshold"
      ? `, ${percent(allowedShare(metric))} allowed`
      : ` (stable ${percent(shareOf(stable))} in ${Math.round(stable.total)})`;
  const evidence = `evidence ${odds > mostOdds ? `over ${mostOdds}` : digits(odds)} to 1 (fails from ${digits(1 / metric.falseAlarms)})`;
  const { least, most } = metric.requests;
  const open =
    counted.canary.total < least ? `, waits for ${least} requests` : `, open until ${most}`;
  return `${percent(shareOf(canary))} ${what} in ${requests}${beside}, ${evidence}${verdict === "inconclusive" ? open : ""}`;
}

function shareOf({ total, bad }: SideCount): number {
  return total === 0 ? 0 : bad / total;
}
