import type { StatusReport } from "@hitless/controller";
import {
  describeExit,
  describeFailure,
  describeRule,
  describeWhy,
  type Intent,
  type ReplicaView,
} from "@hitless/core";
import { isScaled } from "../follow/requested-file.ts";
import { frozenLines } from "./describe-frozen.ts";
import { describeInstant } from "./describe-instant.ts";
import { maintenanceLines } from "./describe-maintenance.ts";
import { proxyLines } from "./describe-proxy.ts";
import { describeRelease } from "./describe-release.ts";
import { describeTime } from "./describe-time.ts";
import { describeTraffic } from "./describe-traffic.ts";
import { renderTable } from "./render-table.ts";

/** The status for people: a headline, the release, why, and a row per replica. */
export function renderStatus(status: StatusReport, now: number): string {
  const serves = status.stable === null ? "nothing released yet" : `revision ${status.stable}`;
  const { host, port } = status.endpoint;
  const lines = [
    `${status.app} · ${serves} · ${readyOf(status)} · http://${host}:${port}`,
    `route ${status.route.inForce ?? "?"}: ${describeRule(status.route.rule)}`,
    ...releaseLines(status),
    ...warmLines(status, now),
    ...overrideLines(status),
    ...maintenanceLines(status.maintenance),
    ...frozenLines(status.frozen),
    ...proxyLines(status.engine),
    `why: ${describeWhy(status.why, now)}`,
    "",
    status.unreadable === null
      ? renderTable(
          ["replica", "revision", "state", "for", "in flight", "starts", "process", "last"],
          status.replicas.map((r) => row(r, now)),
        )
      : `replicas cannot be read: ${status.unreadable}`,
  ];
  return lines.join("\n");
}

/** While a release adds before it takes away, more are ready than are wanted. */
function readyOf({ replicas, desired }: StatusReport): string {
  const ready = replicas.filter((r) => r.state === "ready").length;
  const wanted = desired.replicas;
  return ready > wanted
    ? `${ready} replicas ready, ${wanted} wanted`
    : `${ready} of ${wanted} replicas ready`;
}

function releaseLines(status: StatusReport): readonly string[] {
  const { release, pending } = status;
  const lines: string[] = [];
  if (release !== null) {
    lines.push(describeRelease(release, release.waypoints[release.cursor]));
    if (release.preview !== undefined) lines.push(`  preview http://127.0.0.1:${release.preview}`);
    if (release.traffic !== null) lines.push(`  lost ${describeTraffic(release.traffic)}`);
    lines.push(...approvalLines(release.intents));
    if (release.reason !== null) lines.push(`  turned back: ${describeFailure(release.reason)}`);
  }
  if (pending !== null) {
    const { id, kind, to, by } = pending;
    lines.push(`queued: release ${id} (${kind}) to revision ${to} by ${by}`);
  }
  return lines;
}

function warmLines({ kept = [] }: StatusReport, now: number): readonly string[] {
  return kept
    .filter(({ warm, until }) => warm && until > now)
    .map(
      ({ revision, until }) =>
        `revision ${revision} is warm for ${describeTime(until - now)} more: a rollback to it is one route change`,
    );
}

/** Who let it go on, where and when. */
function approvalLines(intents: readonly Intent[]): readonly string[] {
  return intents
    .filter(({ kind }) => kind === "promote" || kind === "skip")
    .map(({ kind, by, at, meantFor, full }) => {
      const where = meantFor.waypoint === null ? "" : ` at "${meantFor.waypoint}"`;
      return `  ${kind}${full === true ? " --full" : ""} by ${by}${where}, ${describeInstant(at)}`;
    });
}

function overrideLines(status: StatusReport): readonly string[] {
  const set = Object.entries(status.overrides).map(([key, value]) => `${key}=${value}`);
  const { replicas, fileReplicas } = status.desired;
  const scaled = isScaled(status)
    ? [`replicas=${replicas} (scale; the file says ${fileReplicas})`]
    : [];
  const all = [...set, ...scaled];
  return all.length === 0 ? [] : [`over the file: ${all.join(", ")}`];
}

function row(replica: ReplicaView, now: number): readonly string[] {
  const since = replica.readySince ?? replica.startedAt;
  const last = replica.lastExit === null ? "" : describeExit(replica.lastExit);
  const probe = replica.lastProbe?.ok === false ? replica.lastProbe.evidence : "";
  return [
    replica.id,
    String(replica.revision),
    replica.state,
    since === null ? "-" : `${Math.max(0, Math.round((now - since) / 1000))} s`,
    replica.inFlight === null ? "?" : String(replica.inFlight),
    String(replica.starts),
    replica.process ?? "-",
    [probe, last].filter((text) => text !== "").join("; "),
  ];
}
