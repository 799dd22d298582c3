import { lostRequests, type TrafficTotals } from "@hitless/core";

/** `3 / 8,398 (upstream-closed 2, broken off 1), retried 2`: lost of those that got an end of ours. */
export function describeTraffic(traffic: TrafficTotals): string {
  const lost = lostRequests(traffic);
  const all = (traffic.answered + lost).toLocaleString("en-US");
  const atLeast = traffic.gaps === 0 ? "" : "at least ";
  return `${atLeast}${lost.toLocaleString("en-US")} / ${all}${reasons(traffic)}${retries(traffic)}`;
}

function reasons({ failed, cut }: TrafficTotals): string {
  const broken = Object.values(cut).reduce((sum, n) => sum + n, 0);
  const parts = Object.entries(failed).map(([reason, count]) => `${reason} ${count}`);
  if (broken > 0) parts.push(`broken off ${broken}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function retries({ retried, retriedAnswered }: TrafficTotals): string {
  if (retried === 0) return "";
  const inVain = retried - retriedAnswered;
  return `, retried ${retried}${inVain === 0 ? "" : ` (${inVain} in vain)`}`;
}
