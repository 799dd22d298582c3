import type { Comparison, StrategyRow } from "../plan/compare-strategies.ts";
import type { AppFacts } from "../plan/costs.ts";
import { describeSize } from "./describe-size.ts";
import { describeTime } from "./describe-time.ts";
import { renderTable } from "./render-table.ts";

const byRoute = "one route change";

/** The comparison for people: a row for each strategy, then which fits what. */
export function renderComparison({ strategies, scenarios, facts }: Comparison): string {
  const names = ["strategy", "extra", "takes", "back", "back later", "meet a bad version", "down"];
  const declared = strategies.find((row) => row.declared);
  return [
    renderTable(names, strategies.map(cellsOf)),
    "",
    renderTable(
      ["what matters", "strategy", "what it comes to here"],
      scenarios.map(({ scenario, strategy }) => [
        scenario,
        strategy,
        reasonOf(strategies.find((row) => row.strategy === strategy)),
      ]),
    ),
    "",
    reckonedWith(facts),
    "bad: twice as bad as the analysis puts up with; what is far worse is found out sooner",
    ...(declared === undefined ? [] : [`* as the app file has it; the others with their defaults`]),
  ].join("\n");
}

function cellsOf(row: StrategyRow): readonly string[] {
  const people =
    row.approvals === 0 ? "" : ` + ${row.approvals} approval${row.approvals === 1 ? "" : "s"}`;
  return [
    `${row.strategy}${row.declared ? " *" : ""}`,
    extraOf(row),
    `${time(row.seconds)}${people}`,
    backOf(row),
    row.warmSeconds === 0 ? "a release" : `${byRoute} for ${time(row.warmSeconds)}`,
    exposedOf(row),
    row.downSeconds === 0 ? "-" : time(row.downSeconds),
  ];
}

function extraOf({ extraReplicas, extraMemoryBytes }: StrategyRow): string {
  if (extraReplicas === 0) return "none";
  const replicas = `${extraReplicas} replica${extraReplicas === 1 ? "" : "s"}`;
  return extraMemoryBytes === null ? replicas : `${replicas}, ${describeSize(extraMemoryBytes)}`;
}

function backOf({ backSeconds }: StrategyRow): string {
  return backSeconds === 0 ? byRoute : time(backSeconds);
}

function exposedOf({ strategy, exposed, judged }: StrategyRow): string {
  if (exposed !== null) return `about ${exposed.toLocaleString("en-US")} requests`;
  if (!judged) return "all, until a person acts";
  // How fast a source outside finds it nobody can reckon.
  return strategy === "abTest" ? "those who match" : "until a metric finds it";
}

function reasonOf(row: StrategyRow | undefined): string {
  switch (row?.strategy) {
    case "rolling":
      return `${extraOf(row)} more while it runs; back in ${time(row.backSeconds)}`;
    case "blueGreen":
      return `back by ${byRoute}, also ${time(row.warmSeconds)} later; ${extraOf(row)} more`;
    case "canary":
      if (!row.judged) return "a part at each step; no metric judges it, so a person has to";
      return row.exposed === null
        ? "a part at each step, until a metric finds a bad version and it goes back by itself"
        : `${exposedOf(row)} meet a bad version before it goes back by itself`;
    case "abTest":
      return "the rest stays on stable, both sides are compared, `promote` picks the winner";
    default:
      return "-";
  }
}

function reckonedWith({ replicas, startSeconds, startMeasured, rate }: AppFacts): string {
  const start = `${time(startSeconds)} until a replica is ready${startMeasured ? ", as it was last" : " (not measured)"}`;
  const requests =
    rate === null ? "requests/s unknown (say --rate)" : `${Number(rate.toFixed(1))} requests/s`;
  return `reckoned with ${replicas} replicas, ${start}, ${requests}`;
}

function time(seconds: number): string {
  return describeTime(seconds * 1000);
}
