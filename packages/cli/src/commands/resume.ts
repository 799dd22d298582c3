import { Command } from "commander";
import { sendIntent } from "../follow/send-intent.ts";
import { type FileOption, withFile } from "../options.ts";

/** `hitless resume` */
export function resumeCommand(): Command {
  return withFile(new Command("resume").description("Let a paused release go on.")).action(
    async (options: FileOption) => {
      await sendIntent("resume", options);
    },
  );
}
