import { Command } from "commander";
import { followRelease } from "../follow/follow-release.ts";
import {
  checkWait,
  type FileOption,
  type WaitOptions,
  wholeNumber,
  withFile,
  withWait,
} from "../options.ts";
import { progress } from "../output.ts";
import { whoAsks, withController } from "../place.ts";
import { describeAccepted } from "../render/describe-accepted.ts";

interface RollbackOptions extends FileOption, WaitOptions {
  readonly to?: number;
}

/** `hitless rollback [--to N]` */
export function rollbackCommand(): Command {
  const command = new Command("rollback")
    .description("Go back to an earlier revision, code and config; never waits in the queue.")
    .option(
      "--to <revision>",
      "its number; without it, the one before the present one",
      wholeNumber,
    );
  return withWait(withFile(command)).action(async (options: RollbackOptions) => {
    checkWait(options);
    await withController(options.file, async (client) => {
      const accepted = await client.rollback({ to: options.to ?? null, by: whoAsks() });
      progress(describeAccepted(accepted));
      if (!options.wait) return;
      // Turning a running release back ends that release as rolled back; otherwise ours succeeds.
      const wanted = ["succeeded", "rolledBack", "aborted", "failed"] as const;
      await followRelease(
        client,
        { ...accepted, kind: "started" },
        { timeoutMs: options.timeout ?? null, wanted },
      );
    });
  });
}
