import type { Accepted } from "@hitless/controller";
import { describeAlready, describeWhy, type PendingRelease } from "@hitless/core";
import { shortJson } from "./short-json.ts";

/** What an accepted change will do, and what else is to be known, a line each. */
export function describeAccepted(accepted: Accepted): readonly string[] {
  const { dropped, queued, release, turnsBack, kind } = accepted;
  const lines = [headline(accepted)];
  if (turnsBack !== null && kind === "queued") {
    lines.push(`release ${turnsBack.id} to revision ${turnsBack.to} is turned back for it`);
  }
  if (dropped !== null) lines.push(`${named(dropped)} is dropped from the queue and never begins`);
  if (queued !== null && queued.id !== release) lines.push(`${named(queued)} follows`);
  if (accepted.waits !== null) lines.push(describeWhy(accepted.waits, Date.now()));
  if (accepted.notAudited !== null) lines.push(`not in the audit log: ${accepted.notAudited}`);
  return lines;
}

function headline(accepted: Accepted): string {
  const { kind, already, release, revision, changes } = accepted;
  switch (kind) {
    case "nothing":
      return release === null
        ? "nothing to do: everything is as asked"
        : `nothing new: release ${release} brings exactly that`;
    case "settings":
      return `settings applied${changes.length === 0 ? "" : ":"}${list(changes)}; no revision changes`;
    case "started":
      return `release ${release ?? "-"} to revision ${revision ?? "-"}${so(already)}`;
    case "queued":
      return `release ${release ?? "-"} to revision ${revision ?? "-"} ${queuedHow(accepted)}`;
    case "noted":
      return release === null ? "noted" : `noted for release ${release}${so(already)}`;
  }
}

function queuedHow({ behind, waits }: Accepted): string {
  if (behind !== null) return "is queued behind the running one";
  // With nothing before it and nothing to wait for, it leaves the queue at once.
  return waits === null ? "begins now" : "is queued";
}

function list(changes: Accepted["changes"]): string {
  return changes.map((change) => ` ${describeChange(change)}`).join(",");
}

function describeChange({ kind, path, before, after }: Accepted["changes"][number]): string {
  if (kind === "setting") return `${path} ${said(before)} → ${said(after)}`;
  return after === null
    ? `${path} is not set over the file any more`
    : `${path}=${after} over the file`;
}

function said(value: unknown): string {
  if (value === null) return "-";
  return typeof value === "string" ? JSON.stringify(value) : shortJson(value);
}

function so(already: Accepted["already"]): string {
  return already === null ? "" : `, already ${describeAlready(already)}`;
}

function named({ id, to, by }: PendingRelease): string {
  return `release ${id} to revision ${to}, queued by ${by},`;
}
