import type { ControllerClient } from "@hitless/controller";
import { HitlessError } from "@hitless/core";
import { Command } from "commander";
import { stopIfStuck } from "../follow/follow-release.ts";
import { type ChangeOptions, makeChange } from "../follow/make-change.ts";
import { stopSignal } from "../follow/stop-signal.ts";
import { wholeNumber, withAnswer, withWait } from "../options.ts";
import { whoAsks } from "../origin.ts";

/** `hitless scale N` */
export function scaleCommand(): Command {
  const command = new Command("scale")
    .description("Set the number of replicas; holds until the file's own number changes.")
    .argument("<replicas>", "how many", wholeNumber);
  return withWait(withAnswer(command)).action(async (replicas: number, options: ChangeOptions) => {
    checkReplicas(replicas);
    await makeChange(options, {
      send: (client) => client.scale({ replicas, by: whoAsks() }),
      wait: (client, timeoutMs) => untilScaled(client, replicas, timeoutMs),
    });
  });
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
