import { describeFailure, describeOutcome, type ReleaseRecord } from "@hitless/core";
import { Command } from "commander";
import { readState } from "../follow/read-state.ts";
import { type FileOption, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { describeCut } from "../render/describe-cut.ts";
import { describeInstant } from "../render/describe-instant.ts";
import { describeTraffic } from "../render/describe-traffic.ts";
import { logLinesOf } from "../render/log-lines-of.ts";
import { renderTable } from "../render/render-table.ts";

/** `hitless history [--json]` */
export function historyCommand(): Command {
  const command = new Command("history")
    .description("Every release, how it ended and what was lost of how many requests.")
    .option("--json", "for machines");
  return withFile(command).action(async (options: FileOption & { readonly json?: boolean }) => {
    const records: readonly ReleaseRecord[] = await readState(options.file, {
      asked: (client) => client.history(),
      stored: (store) => store.history(),
    });
    if (options.json) sayJson(records);
    else say(renderHistory(records));
  });
}

/** The table, and below it the last words of the newest release when that failed. */
function renderHistory(records: readonly ReleaseRecord[]): string {
  const table = renderTable(
    ["release", "when", "from", "to", "seconds", "lost", "cause", "outcome"],
    records.map(row),
  );
  const failed = records.at(-1);
  if (failed === undefined || logLinesOf(failed).length === 0) return table;
  const head = `the last log lines of release ${failed.id}:`;
  return [table.trimEnd(), "", head, ...logLinesOf(failed)].join("\n");
}

function row(record: ReleaseRecord): readonly string[] {
  const seconds = ((record.endedAt - record.startedAt) / 1000).toFixed(1);
  // The outcome of what a person stopped names its reason already.
  const failed = record.outcome === "failed" || record.outcome === "stuck";
  const reason = failed && record.reason !== null ? `: ${describeFailure(record.reason)}` : "";
  return [
    String(record.id),
    describeInstant(record.startedAt),
    String(record.from ?? "-"),
    String(record.to),
    seconds,
    `${record.traffic === undefined ? "–" : describeTraffic(record.traffic)}${describeCut(record.drains)}`,
    record.cause,
    `${describeOutcome(record.outcome)}${reason}`,
  ];
}
