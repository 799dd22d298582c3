import type { StatusReport } from "@hitless/controller";
import { describeFailure, describeOutcome, describeWhy } from "@hitless/core";
import { Command } from "commander";
import { type FileOption, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { withController } from "../place.ts";
import { logLinesOf } from "../render/log-lines-of.ts";

/** `hitless why [--json]` */
export function whyCommand(): Command {
  const command = new Command("why")
    .description("What is being waited for, and why the last release ended as it did.")
    .option("--json", "for machines");
  return withFile(command).action(async (options: FileOption & { readonly json?: boolean }) => {
    await withController(options.file, async (client) => {
      const status = await client.status();
      if (options.json)
        sayJson({ why: status.why, release: status.release, lastRelease: status.lastRelease });
      else say(renderWhy(status));
    });
  });
}

function renderWhy(status: StatusReport): string {
  const lines = [`now: ${describeWhy(status.why, Date.now())}`];
  const reason = status.release?.reason;
  if (reason)
    lines.push(`release ${status.release?.id} is on its way back: ${describeFailure(reason)}`);
  const last = status.lastRelease;
  if (last !== null) {
    const because = last.reason === null ? "" : `: ${describeFailure(last.reason)}`;
    lines.push(
      `release ${last.id} to revision ${last.to} ${describeOutcome(last.outcome)}${because}`,
    );
    lines.push(...logLinesOf(last));
  }
  return lines.join("\n");
}
