import type { Accepted, ControllerClient } from "@hitless/controller";
import { HitlessError, type MeantFor, type ReleaseRecord } from "@hitless/core";
import { checkWait, type FileOption, type WaitOptions } from "../options.ts";
import { progress, sayJson } from "../output.ts";
import { withController } from "../place.ts";
import { describeAccepted } from "../render/describe-accepted.ts";
import { followRelease, succeeded } from "./follow-release.ts";

/** Options of every command that changes something. */
export interface ChangeOptions extends FileOption, WaitOptions {
  readonly json?: boolean;
  /** The release that is meant; without it, the newest one as it stands now. */
  readonly release?: number;
}

export interface Change {
  send(client: ControllerClient): Promise<Accepted>;
  /** Whether the release ended as the caller wanted; default: it succeeded. */
  readonly wanted?: (ended: ReleaseRecord, accepted: Accepted) => boolean;
  /** Instead of following the release. `timeoutMs` null: no timeout. */
  readonly wait?: (client: ControllerClient, timeoutMs: number | null) => Promise<void>;
}

/**
 * Sends a change, tells what it will do and, with `--wait`, stays until that is done. With `--json`
 * one object says on standard output what was accepted, how it ended and what went wrong.
 */
export async function makeChange(options: ChangeOptions, change: Change): Promise<void> {
  checkWait(options);
  const timeoutMs = options.timeout ?? null;
  let accepted: Accepted | null = null;
  let ended: ReleaseRecord | null = null;
  try {
    await withController(options.file, async (client) => {
      const answer = await change.send(client);
      accepted = answer;
      for (const line of describeAccepted(answer)) progress(line);
      if (!options.wait) return;
      if (change.wait !== undefined) return change.wait(client, timeoutMs);
      const wanted = change.wanted ?? succeeded;
      ended = await followRelease(client, answer, {
        timeoutMs,
        wanted: (record) => wanted(record, answer),
      });
    });
  } catch (thrown) {
    if (options.json) sayJson({ accepted, ended, error: HitlessError.from(thrown) });
    throw thrown;
  }
  if (options.json) sayJson({ accepted, ended, error: null });
}

/** The release that the caller means: the newest as it stands now, or the one that they name. */
export async function meantBy(
  client: ControllerClient,
  { release }: Pick<ChangeOptions, "release">,
): Promise<MeantFor> {
  const { newest } = await client.status();
  if (release === undefined || release === newest.release) return newest;
  return { release, direction: "forward", waypoint: null };
}
