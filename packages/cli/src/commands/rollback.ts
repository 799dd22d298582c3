import { HitlessError } from "@hitless/core";
import { Command } from "commander";
import { succeeded, wentBack } from "../follow/follow-release.ts";
import { type ChangeOptions, makeChange, meantBy } from "../follow/make-change.ts";
import { wholeNumber, withIntentOptions, withWait } from "../options.ts";
import { whoAsks } from "../origin.ts";

interface RollbackOptions extends ChangeOptions {
  readonly to?: number;
}

/** `hitless rollback [--to N] [--release N]` */
export function rollbackCommand(): Command {
  const command = new Command("rollback")
    .description("Go back to an earlier revision, code and config; never waits in the queue.")
    .allowExcessArguments()
    .option(
      "--to <revision>",
      "its number; without it, the one before the present one",
      wholeNumber,
    );
  return withWait(withIntentOptions(command)).action(rollback);
}

async function rollback(options: RollbackOptions, { args }: Command): Promise<void> {
  refuseArguments(args);
  await makeChange(options, {
    send: async (client) => {
      const meantFor = await meantBy(client, options);
      return client.rollback({ to: options.to ?? null, by: whoAsks(), meantFor });
    },
    goesBack: true,
    // With a release under way, that one is followed on its way back; otherwise ours forward.
    wanted: (ended, { revision }) => (ended.to === revision ? succeeded(ended) : wentBack(ended)),
  });
}

function refuseArguments([first]: readonly string[]): void {
  if (first === undefined) return;
  throw new HitlessError("BAD_USAGE", `rollback takes no argument, and was given ${first}`, {
    next: /^\d+$/.test(first) ? `Say \`hitless rollback --to ${first}\`.` : "Take it away.",
  });
}
