import { Command } from "commander";
import { type ChangeOptions, makeChange } from "../follow/make-change.ts";
import { withAnswer, withWait } from "../options.ts";
import { whoAsks } from "../origin.ts";

/** `hitless restart` */
export function restartCommand(): Command {
  const command = new Command("restart").description(
    "Replace every process by a fresh one of the same revision content.",
  );
  return withWait(withAnswer(command)).action(async (options: ChangeOptions) => {
    await makeChange(options, { send: (client) => client.restart({ by: whoAsks() }) });
  });
}
