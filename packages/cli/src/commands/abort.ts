import { Command } from "commander";
import { wentBack } from "../follow/follow-release.ts";
import type { ChangeOptions } from "../follow/make-change.ts";
import { sendIntent } from "../follow/send-intent.ts";
import { withIntentOptions, withWait } from "../options.ts";

/** `hitless abort [--release N] [--wait]` */
export function abortCommand(): Command {
  const command = new Command("abort").description("Turn the running release back.");
  return withWait(withIntentOptions(command)).action(async (options: ChangeOptions) => {
    await sendIntent("abort", options, { wanted: wentBack, goesBack: true });
  });
}
