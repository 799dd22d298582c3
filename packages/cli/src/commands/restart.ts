import { Command } from "commander";
import { followRelease, succeeded } from "../follow/follow-release.ts";
import { checkWait, type FileOption, type WaitOptions, withFile, withWait } from "../options.ts";
import { progress } from "../output.ts";
import { whoAsks, withController } from "../place.ts";
import { describeAccepted } from "../render/describe-accepted.ts";

/** `hitless restart` */
export function restartCommand(): Command {
  const command = new Command("restart").description(
    "Replace every process by a fresh one of the same revision content.",
  );
  return withWait(withFile(command)).action(async (options: FileOption & WaitOptions) => {
    checkWait(options);
    await withController(options.file, async (client) => {
      const accepted = await client.restart({ by: whoAsks() });
      progress(describeAccepted(accepted));
      if (!options.wait) return;
      await followRelease(client, accepted, {
        timeoutMs: options.timeout ?? null,
        wanted: succeeded,
      });
    });
  });
}
