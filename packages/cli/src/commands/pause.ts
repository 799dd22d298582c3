import { Command } from "commander";
import type { ChangeOptions } from "../follow/make-change.ts";
import { sendIntent } from "../follow/send-intent.ts";
import { withIntentOptions } from "../options.ts";

/** `hitless pause [--release N]` */
export function pauseCommand(): Command {
  const command = new Command("pause").description(
    "Hold the running release where it is; everything keeps serving.",
  );
  return withIntentOptions(command).action(async (options: ChangeOptions) => {
    await sendIntent("pause", options);
  });
}
