import type { ReleaseRecord } from "@hitless/core";
import { Command } from "commander";
import { followRelease, succeeded, wentBack } from "../follow/follow-release.ts";
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
      // With a release under way, that one is followed on its way back; otherwise ours forward.
      const wanted = (ended: ReleaseRecord) =>
        ended.to === accepted.revision ? succeeded(ended) : wentBack(ended);
      await followRelease(
        client,
        { ...accepted, kind: "started" },
        { timeoutMs: options.timeout ?? null, wanted },
      );
    });
  });
}
