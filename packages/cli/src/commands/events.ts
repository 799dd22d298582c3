import type { AppEvent } from "@hitless/core";
import { Command } from "commander";
import { type FileOption, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { withController } from "../place.ts";

/** `hitless events [--json]` */
export function eventsCommand(): Command {
  const command = new Command("events")
    .description("What was decided and done, oldest first.")
    .option("--json", "for machines");
  return withFile(command).action(async (options: FileOption & { readonly json?: boolean }) => {
    await withController(options.file, async (client) => {
      const events = await client.events();
      if (options.json) sayJson(events);
      else for (const event of events) say(line(event));
    });
  });
}

function line(event: AppEvent): string {
  return `${new Date(event.at).toISOString()}  ${event.kind.padEnd(8)}  ${event.text}`;
}
