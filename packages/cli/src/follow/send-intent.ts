import type { Accepted } from "@hitless/controller";
import type { IntentKind, ReleaseRecord } from "@hitless/core";
import { checkWait, type FileOption, type WaitOptions } from "../options.ts";
import { progress } from "../output.ts";
import { whoAsks, withController } from "../place.ts";
import { followRelease, succeeded } from "./follow-release.ts";

/** Sends an intent for the running release; with `--wait`, stays until it ended as `wanted`. */
export async function sendIntent(
  kind: IntentKind,
  options: FileOption & WaitOptions,
  wanted: (ended: ReleaseRecord) => boolean = succeeded,
): Promise<void> {
  checkWait(options);
  await withController(options.file, async (client) => {
    const accepted: Accepted = await client.intent({ kind, by: whoAsks() });
    progress(`${kind}: release ${accepted.release ?? "-"}`);
    if (options.wait)
      await followRelease(client, accepted, { timeoutMs: options.timeout ?? null, wanted });
  });
}
