import type { Accepted, ControllerClient } from "@hitless/controller";
import { HitlessError, type MeantFor, type ReleaseRecord } from "@hitless/core";
import { checkWait, type FileOption, type WaitOptions } from "../options.ts";
import { progress, sayJson } from "../output.ts";
import { withController } from "../place.ts";
import { describeAccepted } from "../render/describe-accepted.ts";
import { describeStillSet } from "../render/describe-still-set.ts";
import { followRelease, judge, succeeded } from "./follow-release.ts";

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
  /** It leads away from what was released, without the values that were set for that. */
  readonly goesBack?: boolean;
  /** Instead of following the release. `timeoutMs` null: no timeout. */
  readonly wait?: (client: ControllerClient, timeoutMs: number | null) => Promise<void>;
}

/**
 * Sends a change, tells what it will do and, with `--wait`, stays until that is done. With `--json`
 * one object says on standard output what was accepted, how it ended and what went wrong.
 */
export async function makeChange(options: ChangeOptions, change: Change): Promise<void> {
  checkWait(options);
  const course: Course = { accepted: null, ended: null };
  try {
    await withController(options.file, (client) => make(client, { options, change, course }));
  } catch (thrown) {
    if (options.json) sayJson({ ...course, error: HitlessError.from(thrown) });
    throw thrown;
  }
  if (options.json) sayJson({ ...course, error: null });
}

/** How far a change has come, for who fails on the way. */
interface Course {
  accepted: Accepted | null;
  ended: ReleaseRecord | null;
}

interface Making {
  readonly options: ChangeOptions;
  readonly change: Change;
  readonly course: Course;
}

async function make(client: ControllerClient, making: Making): Promise<void> {
  const { options, change, course } = making;
  const accepted = await change.send(client);
  course.accepted = accepted;
  for (const line of describeAccepted(accepted)) progress(line);
  if (change.goesBack) await tellWhatStays(client);
  if (!options.wait) return;
  if (change.wait !== undefined) return change.wait(client, options.timeout ?? null);
  try {
    await untilEnded(client, accepted, making);
  } catch (thrown) {
    if (!change.goesBack && endsBadly(thrown)) await tellWhatStays(client);
    throw thrown;
  }
}

async function untilEnded(
  client: ControllerClient,
  accepted: Accepted,
  { options, change, course }: Making,
): Promise<void> {
  const ended = await followRelease(client, accepted, options.timeout ?? null);
  course.ended = ended;
  if (ended !== null) judge(ended, (change.wanted ?? succeeded)(ended, accepted));
}

function endsBadly(thrown: unknown): boolean {
  const codes: readonly unknown[] = ["RELEASE_FAILED", "RELEASE_ABORTED", "NO_WAY_BACK"];
  return thrown instanceof HitlessError && codes.includes(thrown.code);
}

/** What was set for a release that did not come to be goes into the next one, unless somebody knows. */
async function tellWhatStays(client: ControllerClient): Promise<void> {
  // What became of the change is more important than this line.
  const status = await client.status().catch(() => null);
  const line = status === null ? null : describeStillSet(status.overrides);
  if (line !== null) progress(line);
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
