import type { HoldStatus, MetricStatus, ReleaseStatus, StatusReport } from "@hitless/controller";
import { describeFailure, describeWhy, type ReplicaState } from "@hitless/core";
import { frozenLines } from "../render/describe-frozen.ts";
import { maintenanceLines } from "../render/describe-maintenance.ts";
import { describeTime } from "../render/describe-time.ts";
import { describeTraffic } from "../render/describe-traffic.ts";
import { type Canvas, lineOf, type Piece, padded } from "./line.ts";
import type { Meaning } from "./paint.ts";

/** The app and the release under way, for a terminal. Each line fits the canvas. */
export function renderLive(status: StatusReport, now: number, canvas: Canvas): readonly string[] {
  const { release } = status;
  const lines: readonly (readonly Piece[])[] = [
    headline(status, now),
    ...trafficTable(status),
    ...(release === null ? [] : [[""], ...waypointLines(release, now), [""]]),
    ...noteLines(status).map((text) => [text]),
    ["why: ", describeWhy(status.why, now)],
    ...(release === null ? [] : [remainingLine(release)]),
  ];
  return lines.map((pieces) => lineOf(pieces, canvas));
}

function headline({ app, release, stable, endpoint }: StatusReport, now: number): readonly Piece[] {
  const address = `http://${endpoint.host}:${endpoint.port}`;
  if (release === null) {
    const serves = stable === null ? "nothing released yet" : `revision ${stable}`;
    return [["strong", app], ` · ${serves} · ${address}`];
  }
  const { id, kind, from, to, direction, startedAt, paused } = release;
  const way: Piece =
    direction === "forward" ? `${from ?? "-"} → ${to}` : ["bad", `back to ${from ?? "nothing"}`];
  const held: readonly Piece[] =
    paused === null ? [] : [" · ", ["unsure", `paused by ${paused.by}`]];
  return [
    ["strong", app],
    ` · release ${id} (${kind}): `,
    way,
    ` · ${describeTime(now - startedAt)}`,
    ...held,
    ` · ${address}`,
  ];
}

const states: readonly ReplicaState[] = ["ready", "starting", "draining", "failed"];
const head = [
  "REVISION",
  "READY",
  "START",
  "DRAIN",
  "FAIL",
  "SHARE",
  "REQ/S",
  "REQUESTS",
  "ERRORS",
  "P95",
];
const widths = [9, 5, 5, 5, 4, 5, 6, 8, 9, 6];

/**
 * A row per revision that has a part, replicas or requests; how it answers is counted since the waypoint
 * was reached.
 */
function trafficTable(status: StatusReport): readonly (readonly Piece[])[] {
  const { stable, release } = status;
  const answering = status.revisions.filter(
    ({ revision, requests, rps }) =>
      revision === stable || revision === release?.to || requests > 0 || (rps ?? 0) > 0,
  );
  const numbers = [...new Set([...answering, ...status.replicas].map((one) => one.revision))].sort(
    (a, b) => a - b,
  );
  const rows = numbers.map((revision) => rowOf(status, revision));
  return [[["quiet", padded(head, widths)]], ...rows];
}

function rowOf(status: StatusReport, revision: number): readonly Piece[] {
  const counted = status.revisions.find((one) => one.revision === revision);
  const replicas = status.replicas.filter((replica) => replica.revision === revision);
  const counts = states.map((state) => String(replicas.filter((r) => r.state === state).length));
  const { requests = 0, errors = 0, rps = null, share = null, p95Ms = null } = counted ?? {};
  const wrong = requests === 0 ? 0 : errors / requests;
  const cells = [
    `${revision} ${roleOf(status, revision)}`,
    ...counts,
    share === null ? "-" : `${percent(share)} %`,
    rps === null ? "-" : rps.toFixed(1),
    requests.toLocaleString("en-US"),
    errors === 0 ? "0" : `${errors} ${percent(wrong)} %`,
    p95Ms === null ? "-" : `${p95Ms < 10 ? p95Ms.toFixed(1) : Math.round(p95Ms)} ms`,
  ];
  return [padded(cells, widths)];
}

function roleOf({ stable, release }: StatusReport, revision: number): string {
  if (revision === stable) return "stable";
  return revision === release?.to ? "canary" : "";
}

function waypointLines(release: ReleaseStatus, now: number): readonly (readonly Piece[])[] {
  return release.waypoints.flatMap((name, n): readonly (readonly Piece[])[] => {
    if (n < release.cursor) return [["  ", ["good", "✓"], ` ${name}`]];
    if (n > release.cursor) return [["    ", ["quiet", name]]];
    const holds = release.holds.map((hold) => holdLine(hold, now));
    const metrics = Object.entries(release.analysis).map(metricLine);
    return [["  ", ["strong", `▶ ${name}`]], ...holds, ...metrics];
  });
}

function holdLine(hold: HoldStatus, now: number): readonly Piece[] {
  const mark: Piece = hold.open ? ["good", "✓"] : ["unsure", "…"];
  return ["      ", mark, ` ${holdText(hold, now)}`];
}

function holdText(hold: HoldStatus, now: number): string {
  switch (hold.kind) {
    case "time":
      return `time: ${leftText(hold, now)}`;
    case "analysis":
      return hold.until !== null && now >= hold.until && !hold.open
        ? "analysis: its time is over, and a metric is not decided"
        : `analysis: ${leftText(hold, now)}`;
    case "requests": {
      const wanted = hold.wanted.toLocaleString("en-US");
      const answered = hold.answered === null ? "-" : hold.answered.toLocaleString("en-US");
      return `requests: ${answered} of ${wanted}`;
    }
    case "approval":
      return hold.open ? "approval: given" : "approval: a person has to say `hitless promote`";
    case "gate":
      return `gate ${hold.name}`;
  }
}

function leftText({ open, until }: Extract<HoldStatus, { until: number | null }>, now: number) {
  if (open) return "over";
  return until === null ? "counts from when it is reached" : `${describeTime(until - now)} left`;
}

const verdictMeanings: Readonly<Record<MetricStatus["verdict"], Meaning>> = {
  successful: "good",
  failed: "bad",
  inconclusive: "quiet",
  error: "unsure",
};

function metricLine([metric, said]: readonly [string, MetricStatus]): readonly Piece[] {
  const { verdict, detail } = said;
  return [`        ${metric}: `, [verdictMeanings[verdict], verdict], ` · ${detail}`];
}

function noteLines(status: StatusReport): readonly string[] {
  const { release, pending } = status;
  const lines: string[] = [];
  if (release !== null) {
    if (release.traffic !== null) lines.push(`lost ${describeTraffic(release.traffic)}`);
    if (release.reason !== null) lines.push(`turned back: ${describeFailure(release.reason)}`);
  }
  if (pending !== null)
    lines.push(`queued: release ${pending.id} to revision ${pending.to} by ${pending.by}`);
  return [...lines, ...maintenanceLines(status.maintenance), ...frozenLines(status.frozen)];
}

function remainingLine({ remaining, direction }: ReleaseStatus): readonly Piece[] {
  const { ms, approvals } = remaining;
  if (direction === "back" || (ms === 0 && approvals === 0)) return [""];
  const people =
    approvals === 0 ? "" : ` and ${approvals} ${approvals === 1 ? "approval" : "approvals"}`;
  return [["quiet", `left: at least ${describeTime(ms)}${people}`]];
}

function percent(share: number): string {
  const value = share * 100;
  return value !== 0 && value < 10 ? value.toFixed(1) : value.toFixed(0);
}
