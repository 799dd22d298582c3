import { Command } from "commander";
import type { ChangeOptions } from "../follow/make-change.ts";
import { sendIntent } from "../follow/send-intent.ts";
import { withIntentOptions, withWait } from "../options.ts";

interface PromoteOptions extends ChangeOptions {
  readonly full?: boolean;
}

/** `hitless promote [--full] [--release N] [--wait]` */
export function promoteCommand(): Command {
  const command = new Command("promote")
    .description("Let the running release go on from where it waits for a person, or for time.")
    .option("--full", "to the end: nothing on the way waits any more, not for analyses either");
  return withWait(withIntentOptions(command)).action(async (options: PromoteOptions) => {
    await sendIntent("promote", options, { full: options.full ?? false });
  });
}
