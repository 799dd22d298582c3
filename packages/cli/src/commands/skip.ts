import { Command } from "commander";
import type { ChangeOptions } from "../follow/make-change.ts";
import { sendIntent } from "../follow/send-intent.ts";
import { withIntentOptions, withWait } from "../options.ts";

/** `hitless skip [--release N] [--wait]` */
export function skipCommand(): Command {
  const command = new Command("skip").description(
    "Let the running release go on without what it waits for where it is, analyses included.",
  );
  return withWait(withIntentOptions(command)).action(async (options: ChangeOptions) => {
    await sendIntent("skip", options);
  });
}
