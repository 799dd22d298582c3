import { Command } from "commander";
import { sendIntent } from "../follow/send-intent.ts";
import { type FileOption, withFile } from "../options.ts";

/** `hitless pause` */
export function pauseCommand(): Command {
  return withFile(
    new Command("pause").description(
      "Hold the running release where it is; everything keeps serving.",
    ),
  ).action(async (options: FileOption) => {
    await sendIntent("pause", options);
  });
}
