import { describeFailure, describeOutcome, type ReleaseRecord } from "@hitless/core";
import { Command } from "commander";
import { type FileOption, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { withController } from "../place.ts";
import { renderTable } from "../render/render-table.ts";

/** `hitless history [--json]` */
export function historyCommand(): Command {
  const command = new Command("history")
    .description("Every release and how it ended.")
    .option("--json", "for machines");
  return withFile(command).action(async (options: FileOption & { readonly json?: boolean }) => {
    await withController(options.file, async (client) => {
      const records = await client.history();
      if (options.json) sayJson(records);
      else
        say(
          renderTable(
            ["release", "when", "from", "to", "seconds", "outcome", "cause"],
            records.map(row),
          ),
        );
    });
  });
}

function row(record: ReleaseRecord): readonly string[] {
  const seconds = ((record.endedAt - record.startedAt) / 1000).toFixed(1);
  const reason = record.reason === null ? "" : `: ${describeFailure(record.reason)}`;
  return [
    String(record.id),
    new Date(record.startedAt).toISOString().slice(0, 19).replace("T", " "),
    String(record.from ?? "-"),
    String(record.to),
    seconds,
    `${describeOutcome(record.outcome)}${reason}`,
    record.cause,
  ];
}
