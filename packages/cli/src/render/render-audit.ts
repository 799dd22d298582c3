import type { AuditEntry, AuditState } from "@hitless/core";
import { describeInstant } from "./describe-instant.ts";
import { renderTable } from "./render-table.ts";

/** The audit log for people, a row for each entry. */
export function renderAudit(entries: readonly AuditEntry[]): string {
  return renderTable(
    ["when", "who", "from", "command", "result", "what changed"],
    entries.map((entry) => [
      describeInstant(entry.at),
      nameOf(entry.who),
      entry.who.origin === null ? "-" : `${entry.who.origin.kind} ${entry.who.origin.detail}`,
      typed(entry),
      entry.result.kind === "accepted" ? "accepted" : `refused: ${entry.result.message}`,
      changeOf(entry),
    ]),
  );
}

function nameOf({ name, origin }: AuditEntry["who"]): string {
  return origin?.sudo == null ? name : `${name} (sudo by ${origin.sudo})`;
}

function typed({ command, arguments: given }: AuditEntry): string {
  const said = Object.entries(given).filter(([, v]) => v !== null && v !== false && v !== "");
  return [command, ...said.map(([key, value]) => `${key}=${quoted(String(value))}`)].join(" ");
}

/** As a shell would have it to be one word. */
function quoted(text: string): string {
  return /^[^\s"'\\]+$/.test(text) ? text : JSON.stringify(text);
}

function changeOf({ before, after }: AuditEntry): string {
  if (before === null || after === null) return "-";
  const parts = [
    "stable",
    "release",
    "queued",
    "replicas",
    "maintenance",
    "over the file",
  ] as const;
  const [old, fresh] = [wordsOf(before), wordsOf(after)];
  const changed = parts.filter((part) => old[part] !== fresh[part]);
  return changed.map((part) => `${part}: ${old[part]} → ${fresh[part]}`).join("; ") || "-";
}

function wordsOf(state: AuditState) {
  const { stable, release, queued, replicas, maintenance, overrides } = state;
  return {
    stable: String(stable ?? "none"),
    release:
      release === null
        ? "none"
        : `${release.id} to revision ${release.to} ${release.direction}${release.paused ? ", paused" : ""}`,
    queued: queued === null ? "none" : `${queued.id} to revision ${queued.to}`,
    replicas: String(replicas),
    maintenance: maintenance ? "on" : "off",
    "over the file": overrides.join(" ") || "nothing",
  };
}
