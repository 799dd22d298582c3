import type { AuditEntry, AuditState } from "@hitless/core";
import { describeInstant } from "./describe-instant.ts";
import { inOneLine, renderTable } from "./render-table.ts";

/** The audit log for people, a row for each entry; lines of its own where rows do not fit `width`. */
export function renderAudit(
  entries: readonly AuditEntry[],
  width: number | undefined = process.stdout.columns,
): string {
  const rows = entries.map(rowOf);
  const head = ["when", "who", "from", "command", "result", "what changed"];
  const table = renderTable(head, rows, Number.POSITIVE_INFINITY);
  const fits = width === undefined || table.split("\n").every((line) => line.length <= width);
  return fits ? table : rows.map(linesOf).join("\n");
}

type Row = readonly [
  when: string,
  who: string,
  from: string,
  command: string,
  result: string,
  changed: string,
];

function rowOf(entry: AuditEntry): Row {
  const { at, who, result } = entry;
  return [
    describeInstant(at),
    nameOf(who),
    who.origin === null ? "-" : `${who.origin.kind} ${who.origin.detail}`,
    typed(entry),
    result.kind === "accepted" ? "accepted" : `refused: ${result.message}`,
    changeOf(entry),
  ];
}

function linesOf([when, who, from, command, result, changed]: Row): string {
  const head = from === "-" ? `${when}  ${who}` : `${when}  ${who}, ${from}`;
  return [head, command, result, ...(changed === "-" ? [] : [changed])].map(inOneLine).join("\n  ");
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
    "frozen",
    "over the file",
  ] as const;
  const [old, fresh] = [wordsOf(before), wordsOf(after)];
  const changed = parts.filter((part) => old[part] !== fresh[part]);
  return changed.map((part) => `${part}: ${old[part]} → ${fresh[part]}`).join("; ") || "-";
}

function wordsOf(state: AuditState) {
  const { stable, release, queued, replicas, maintenance, frozen, overrides } = state;
  return {
    stable: String(stable ?? "none"),
    release:
      release === null
        ? "none"
        : `${release.id} to revision ${release.to} ${release.direction}${release.paused ? ", paused" : ""}`,
    queued: queued === null ? "none" : `${queued.id} to revision ${queued.to}`,
    replicas: String(replicas),
    maintenance: maintenance ? "on" : "off",
    frozen: frozen ? "yes" : "no",
    "over the file": overrides.join(" ") || "nothing",
  };
}
