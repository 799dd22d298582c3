import type { ControllerClient } from "@hitless/controller";
import { LiveTeller } from "./live-teller.ts";

/** Draws the status again and again, until Ctrl-C ends the command as it always does. */
export async function watchLive(
  client: Pick<ControllerClient, "status">,
  screen: ConstructorParameters<typeof LiveTeller>[0],
): Promise<void> {
  const teller = new LiveTeller(screen);
  const onInterrupt = () => {
    teller.close();
    process.kill(process.pid, "SIGINT");
  };
  process.once("SIGINT", onInterrupt);
  let version: number | undefined;
  try {
    for (;;) {
      const status = await client.status(version, undefined, teller.everyMs);
      teller.tell(status);
      version = status.version;
    }
  } finally {
    process.removeListener("SIGINT", onInterrupt);
    teller.close();
  }
}
