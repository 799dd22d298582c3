import { Command } from "commander";
import type { ChangeOptions } from "../follow/make-change.ts";
import { sendIntent } from "../follow/send-intent.ts";
import { withIntentOptions, withWait } from "../options.ts";

/** `hitless resume [--release N] [--wait]` */
export function resumeCommand(): Command {
  const command = new Command("resume").description("Let a paused release go on.");
  return withWait(withIntentOptions(command)).action(async (options: ChangeOptions) => {
    await sendIntent("resume", options);
  });
}
