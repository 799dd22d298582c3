import type { Hold, Waypoint } from "@hitless/core";
import type { ReleasePlan } from "../plan/plan-of.ts";
import type { Stand } from "../plan/stands.ts";
import type { ExpectedVerdict } from "../plan/verdicts.ts";
import { describeSize } from "./describe-size.ts";
import { describeTime } from "./describe-time.ts";
import { renderTable } from "./render-table.ts";

/** Where the release will stand, step by step, and what a verdict needs there. */
export function waypointLines(plan: ReleasePlan): readonly string[] {
  const head = ["waypoint", "stable", "canary", "requests", "at most", "at least", "waits for"];
  const rows = plan.stands.map((stand, n) => rowOf(stand, plan.limits[n]));
  return [
    ...renderTable(head, rows).split("\n"),
    ...extraLines(plan),
    ...plan.verdicts.map(verdictLine),
  ];
}

function rowOf(stand: Stand, limits: ReleasePlan["limits"][number] | undefined): readonly string[] {
  const { waypoint } = stand;
  return [
    waypoint.id,
    count(waypoint.replicas.stable),
    count(waypoint.replicas.canary),
    routeOf(stand),
    String(limits?.maxTotal ?? "-"),
    String(limits?.minAvailable ?? "-"),
    waitsFor(waypoint).join(", ") || "-",
  ];
}

/** By replica it is what so many replicas can split. */
function routeOf({ waypoint, share }: Stand): string {
  const { route } = waypoint;
  if (share === null) return "who matches";
  const part = `${Number((share * 100).toFixed(1))} %`;
  return route.kind === "byMatch" ? `${part} who match` : part;
}

function waitsFor(waypoint: Waypoint): readonly string[] {
  const { leavers, preview, before, hold, metrics = [] } = waypoint;
  const watched = metrics.map((metric) => metric.name).join(" and ");
  const waits = [
    ...(leavers === "stopped" ? ["old replicas gone"] : []),
    ...before.map((hook) => `hook ${hook.name}`),
    ...hold.map((one) => holdOf(one, watched)),
  ];
  if (watched !== "" && !hold.some(({ kind }) => kind === "analysis"))
    waits.push(`watches ${watched}`);
  if (preview !== undefined) waits.push(`preview at port ${preview}`);
  return waits;
}

function holdOf(hold: Hold, watched: string): string {
  switch (hold.kind) {
    case "time":
      return describeTime(hold.ms);
    case "requests":
      return `${hold.n.toLocaleString("en-US")} requests`;
    case "analysis":
      return `analysis of ${watched === "" ? "nothing" : watched} for ${describeTime(hold.ms)}`;
    case "approval":
      return "approval";
    case "gate":
      return `gate ${hold.name}`;
  }
}

function extraLines({ costs: { extraReplicas, extraMemoryBytes }, replicas }: ReleasePlan) {
  if (extraReplicas === 0) return [];
  const times = Number(((replicas + extraReplicas) / replicas).toFixed(2));
  const memory = extraMemoryBytes === null ? "" : `, ${describeSize(extraMemoryBytes)} more`;
  return [`at most ${replicas + extraReplicas} replicas run at once, ${times}x of now${memory}`];
}

function verdictLine({ waypoint, metric, toPass, toFail, bad }: ExpectedVerdict): string {
  const found =
    toFail === null
      ? `; ${bad} would not be found out in time`
      : `, about ${needed(toFail)} to find ${bad}`;
  return `at "${waypoint}" ${metric} needs ${needed(toPass)} to pass${found}`;
}

function needed({ requests, seconds }: ExpectedVerdict["toPass"]): string {
  const time = seconds === null ? "" : ` (${describeTime(seconds * 1000)})`;
  return `${requests.toLocaleString("en-US")} requests${time}`;
}

function count(of: Waypoint["replicas"]["stable"]): string {
  switch (of.kind) {
    case "share":
      return `${Math.round(of.of * 1000) / 10} %`;
    case "fixed":
      return String(of.n);
    case "keep":
      return "as is";
  }
}
