import type { StatusReport } from "@hitless/controller";
import { Command } from "commander";
import { canDraw } from "../live/live-block.ts";
import { watchLive } from "../live/watch-live.ts";
import { type FileOption, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { withController } from "../place.ts";
import { renderStatus } from "../render/render-status.ts";

interface StatusOptions extends FileOption {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** `hitless status [--watch] [--json]` */
export function statusCommand(): Command {
  const command = new Command("status")
    .description("Replicas, route and the release under way.")
    .option("--json", "for machines")
    .option("--watch", "follow it: redrawn in a terminal, else printed again at every change");
  return withFile(command).action(async (options: StatusOptions) => {
    const { watch = false, json = false } = options;
    await withController(options.file, async (client) => {
      if (watch && !json && canDraw(process.stdout, process.env))
        return watchLive(client, process.stdout);
      let version: number | undefined;
      do {
        const status = await client.status(version);
        show(status, options);
        version = status.version;
      } while (watch);
    });
  });
}

/** Watching, machines get a line for each change. */
function show(status: StatusReport, { json, watch }: StatusOptions): void {
  if (!json) say(renderStatus(status, Date.now()));
  else if (watch) say(JSON.stringify(status));
  else sayJson(status);
}
