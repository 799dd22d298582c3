import { Command } from "commander";
import type { ChangeOptions } from "../follow/make-change.ts";
import { sendIntent } from "../follow/send-intent.ts";
import { withIntentOptions, withWait } from "../options.ts";

/** `hitless retry [--release N] [--wait]` */
export function retryCommand(): Command {
  const command = new Command("retry").description(
    "Let a release that is on its way back go forward again.",
  );
  return withWait(withIntentOptions(command)).action(async (options: ChangeOptions) => {
    await sendIntent("retry", options);
  });
}
