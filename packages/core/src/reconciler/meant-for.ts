import { describeHappened } from "../diagnosis/describe-happened.ts";
import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import type { Ended, Happened } from "../model/happened.ts";
import type { MeantFor, Release, ReleaseRecord } from "../model/release.ts";
import { waypointOf } from "./position.ts";

/** The newest release, as `MeantFor` names it. `past`: the rows of the history. */
export function newestRelease(app: App, past: readonly ReleaseRecord[]): MeantFor {
  if (app.release !== null) return standOf(app.release);
  return { release: past.at(-1)?.id ?? 0, direction: "ended", waypoint: null };
}

/** A release as it stands now. */
export function standOf(release: Release): MeantFor {
  return { release: release.id, direction: release.direction, waypoint: waypointOf(release) };
}

/** What is refused because of what has become of a release. */
export interface Lateness {
  readonly happened: Happened;
  readonly meantFor: MeantFor;
  readonly now: number;
  readonly next?: string;
}

/** OVERTAKEN when the person saw something else when they spoke; REFUSED when it never made sense. */
export function tooLate({ happened, meantFor, now, next }: Lateness): HitlessError {
  const code = asSeen(happened, meantFor) ? "REFUSED" : "OVERTAKEN";
  return new HitlessError(code, describeHappened(happened, now), {
    next: next ?? nextAfter(happened),
    happened,
  });
}

/**
 * The running release when it is the one that was meant. Throws OVERTAKEN or REFUSED with what has
 * become of that one otherwise.
 */
export function releaseMeant(
  app: App,
  meantFor: MeantFor,
  at: { readonly now: number; readonly past: readonly ReleaseRecord[] },
): Release {
  const { release } = app;
  if (release !== null && release.id === meantFor.release) return release;
  const happened = whatBecameOf(app, meantFor.release, at.past);
  throw tooLate({ happened, meantFor, now: at.now });
}

/** What has become of a release that is not under way. */
export function whatBecameOf(app: App, meant: number, past: readonly ReleaseRecord[]): Happened {
  const underWay = app.release?.id ?? null;
  if (app.pending?.id === meant) return { kind: "queued", release: meant, underWay };
  const record = past.find((r) => r.id === meant);
  const ended: Ended | null =
    record === undefined ? null : { outcome: record.outcome, at: record.endedAt };
  if (meant > app.releases) return { kind: "unknown", release: meant, newest: app.releases };
  if (underWay !== null) return { kind: "another", underWay, meant, ended };
  return meant === 0 ? { kind: "noneYet" } : { kind: "ended", release: meant, ended };
}

function asSeen(happened: Happened, meantFor: MeantFor): boolean {
  switch (happened.kind) {
    case "turnedBack":
      return meantFor.direction === "back";
    case "goesForward":
      return meantFor.direction === "forward";
    case "ended":
      return meantFor.direction === "ended" && meantFor.release === happened.release;
    case "noneYet":
      return meantFor.direction === "ended";
    case "queued":
      return true;
    default:
      return false;
  }
}

function nextAfter(happened: Happened): string {
  switch (happened.kind) {
    case "turnedBack":
      return "Wait until it is back, or say `hitless retry`.";
    case "queued":
      return `Wait until it has begun; \`hitless abort --release ${happened.release}\` takes it out of the queue.`;
    case "noneYet":
    case "unknown":
    case "ended":
      return "See `hitless history`; `hitless release` begins a new one.";
    default:
      return "See `hitless status`, then say it again if it is still meant.";
  }
}
