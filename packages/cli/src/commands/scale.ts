import type { ControllerClient } from "@hitless/controller";
import { HitlessError } from "@hitless/core";
import { Command } from "commander";
import { stopIfStuck } from "../follow/follow-release.ts";
import { stopSignal } from "../follow/stop-signal.ts";
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

/** `hitless scale N` */
export function scaleCommand(): Command {
  const command = new Command("scale")
    .description("Set the number of replicas; holds until the file's own number changes.")
    .argument("<replicas>", "how many", wholeNumber);
  return withWait(withFile(command)).action(
    async (replicas: number, options: FileOption & WaitOptions) => {
      checkWait(options);
      checkReplicas(replicas);
      await withController(options.file, async (client) => {
        await client.scale({ replicas, by: whoAsks() });
        progress(`scale to ${replicas}`);
        if (options.wait) await untilScaled(client, replicas, options.timeout ?? null);
      });
    },
  );
}

/** As the app file says it, and refused before anybody is asked. */
function checkReplicas(replicas: number): void {
  if (replicas >= 1 && replicas <= 1000) return;
  const said = `replicas is ${replicas}; it must be a whole number from 1 to 1000`;
  throw new HitlessError("BAD_INPUT", said, { next: "`hitless down` stops everything." });
}

async function untilScaled(
  client: ControllerClient,
  replicas: number,
  timeoutMs: number | null,
): Promise<void> {
  const stop = stopSignal(timeoutMs, "scaling");
  let version: number | undefined;
  try {
    for (;;) {
      const status = await client.status(version, stop.signal);
      const { why, desired } = status;
      if (desired.replicas !== replicas) throw overtaken(desired.replicas);
      if (why.kind === "steady" && why.available === replicas) return;
      stopIfStuck(status.release, why);
      version = status.version;
    }
  } catch (thrown) {
    throw stop.signal.aborted ? stop.signal.reason : thrown;
  } finally {
    stop.end();
  }
}

function overtaken(replicas: number): HitlessError {
  return new HitlessError("STOPPED_WAITING", `somebody set the replicas to ${replicas} meanwhile`, {
    next: "See `hitless status`.",
  });
}
