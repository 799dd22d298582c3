import type { Failure } from "../model/failure.ts";
import type { Already, Ended, Happened } from "../model/happened.ts";
import { describeFailure, describeOutcome } from "./describe.ts";

/** What has become of the release that somebody meant, as one sentence. `now` in ms since the epoch. */
export function describeHappened(happened: Happened, now: number): string {
  switch (happened.kind) {
    case "noneYet":
      return "no release is under way, and there has been none";
    case "unknown": {
      const { release, newest } = happened;
      return `there is no release ${release}${newest === 0 ? "" : `; the newest is ${newest}`}`;
    }
    case "ended":
      return `release ${happened.release} ended${endedHow(happened.ended, now)}; no release is under way`;
    case "another": {
      const { underWay, meant, ended } = happened;
      if (meant === 0) return `release ${underWay} is under way, which began meanwhile`;
      const became = ended === null ? "" : `, which ended${endedHow(ended, now)}`;
      return `release ${underWay} is under way, you meant ${meant}${became}`;
    }
    case "queued": {
      const { release, underWay } = happened;
      const behind = underWay === null ? "" : ` behind release ${underWay}`;
      return `release ${release} has not begun: it is queued${behind}`;
    }
    case "turnedBack":
      return `release ${happened.release} ${turned(happened.reason)} and is on its way back`;
    case "goesForward":
      return `release ${happened.release} is going forward${happened.by === null ? "" : `: ${happened.by} let it`}`;
    case "movedOn":
      return `release ${happened.release} has moved on from ${named(happened.from)} to ${named(happened.to)}`;
  }
}

/** What was so already, as the end of a sentence: `aborted by alice`. */
export function describeAlready(already: Already): string {
  switch (already.kind) {
    case "turnedBack":
      return already.reason === null ? "on its way back" : describeFailure(already.reason);
    case "paused":
      return `paused by ${already.by}`;
    case "goesForward":
      return already.by === null ? "going forward" : `going forward: ${already.by} let it`;
  }
}

function turned(reason: Failure | null): string {
  if (reason === null) return "turned back";
  switch (reason.kind) {
    case "aborted":
    case "rolledBack":
    case "replaced":
      return `was ${describeFailure(reason)}`;
    default:
      return `failed (${describeFailure(reason)})`;
  }
}

function endedHow(ended: Ended | null, now: number): string {
  if (ended === null) return "";
  const seconds = Math.max(0, Math.round((now - ended.at) / 1000));
  return ` (${describeOutcome(ended.outcome)}, ${seconds} s ago)`;
}

function named(waypoint: string | null): string {
  return waypoint === null ? "its last step" : `waypoint "${waypoint}"`;
}
