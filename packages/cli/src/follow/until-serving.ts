import type { ControllerClient, StatusReport } from "@hitless/controller";
import { describeFailure, HitlessError } from "@hitless/core";
import { progress } from "../output.ts";
import { describeProgress } from "../render/describe-progress.ts";
import { stopIfStuck } from "./follow-release.ts";

/**
 * Waits until the app stands where it should with all replicas available. Throws NO_WAY_BACK
 * when the first release failed or a way back does not move, STOPPED_WAITING over a paused one.
 */
export async function untilServing(client: ControllerClient): Promise<void> {
  let version: number | undefined;
  let last = "";
  for (;;) {
    const status = await client.status(version);
    const text = describeProgress(status.why);
    // Before its first look the controller knows nothing worth a line.
    const blank = status.why.kind === "unobservable" && status.why.what === "app";
    if (text !== last && !blank) progress(text);
    last = text;
    if (serves(status)) return;
    failIfStuck(status);
    stopIfStuck(status.release, status.why);
    version = status.version;
  }
}

function serves(status: StatusReport): boolean {
  const { why } = status;
  return (
    status.release === null &&
    status.stable !== null &&
    why.kind === "steady" &&
    why.available >= why.desired
  );
}

function failIfStuck(status: StatusReport): void {
  const { lastRelease } = status;
  if (status.release !== null || status.stable !== null || lastRelease?.outcome !== "stuck") return;
  const reason =
    lastRelease.reason === null ? "no reason known" : describeFailure(lastRelease.reason);
  throw new HitlessError(
    "NO_WAY_BACK",
    `the first revision of ${status.app} did not start: ${reason}`,
    {
      next: "Mend it and say `hitless release`; the controller is running. See `hitless why`.",
    },
  );
}
