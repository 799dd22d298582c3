import type { AppEvent } from "@hitless/core";
import { Command } from "commander";
import { readState } from "../follow/read-state.ts";
import { type FileOption, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { describeInstant } from "../render/describe-instant.ts";

/** `hitless events [--json]` */
export function eventsCommand(): Command {
  const command = new Command("events")
    .description("What was decided and done, oldest first.")
    .option("--json", "for machines");
  return withFile(command).action(async (options: FileOption & { readonly json?: boolean }) => {
    const events: readonly AppEvent[] = await readState(options.file, {
      asked: (client) => client.events(),
      stored: (store) => store.events(),
    });
    if (options.json) sayJson(events);
    else for (const event of events) say(line(event));
  });
}

function line(event: AppEvent): string {
  return `${describeInstant(event.at)}  ${event.kind.padEnd(8)}  ${event.text}`;
}
