import { Command } from "commander";
import { wentBack } from "../follow/follow-release.ts";
import { sendIntent } from "../follow/send-intent.ts";
import { type FileOption, type WaitOptions, withFile, withWait } from "../options.ts";

/** `hitless abort` */
export function abortCommand(): Command {
  const command = new Command("abort").description("Turn the running release back.");
  return withWait(withFile(command)).action(async (options: FileOption & WaitOptions) => {
    await sendIntent("abort", options, wentBack);
  });
}
