import { courseOf, outcomes, type Release, type ReleaseRecord } from "@hitless/core";
import { isOverdue } from "../api/status.ts";
import { type Family, gauge, type Sample } from "./family.ts";
import type { Seen } from "./seen.ts";
import { waits, waitsFor } from "./waits-for.ts";

const kinds: readonly Release["kind"][] = ["release", "rollback", "restart"];
const directions: readonly Release["direction"][] = ["forward", "back"];

/** The release under way, and those that are over. */
export function releaseFamilies(seen: Seen): readonly Family[] {
  const { app, why, now, history } = seen;
  const { release, pending } = app;
  const waited = release === null && pending === null ? null : waitsFor(why, { release, now });
  return [
    {
      name: "hitless_release_running",
      type: "gauge",
      help: "1: a release of that kind is under way in that direction.",
      samples: kinds.flatMap((kind) =>
        directions.map((direction) => ({
          labels: { kind, direction },
          value: release?.kind === kind && release.direction === direction ? 1 : 0,
        })),
      ),
    },
    gauge(
      "hitless_release_pending",
      "1: a release was asked for and has not begun.",
      pending === null ? 0 : 1,
    ),
    gauge(
      "hitless_release_overdue",
      "1: a release is on its way back and even that makes no progress.",
      release !== null && isOverdue(release, why, now) ? 1 : 0,
    ),
    {
      name: "hitless_release_waiting",
      type: "gauge",
      help: "1: the release under way, or the one that has not begun, waits for that.",
      samples: waits.map((each) => ({
        labels: { waits_for: each },
        value: waited === each ? 1 : 0,
      })),
    },
    ...(release === null ? [] : runningFamilies(release)),
    ...historyFamilies(history),
  ];
}

function runningFamilies(release: Release): readonly Family[] {
  const { id, to, enteredAt, startedAt, reached, progress } = release;
  const waypoint = courseOf(release)[release.cursor]?.id ?? "finish";
  const cameFurtherAt = Math.max(enteredAt, reached?.at ?? 0, progress.at);
  return [
    {
      name: "hitless_release_waypoint_info",
      type: "gauge",
      help: "The waypoint at which the release under way stands or to which it moves, as labels.",
      samples: [{ labels: { release: id, revision: to, waypoint }, value: 1 }],
    },
    timestamp("hitless_release_started_timestamp_seconds", "When it began", startedAt),
    timestamp(
      "hitless_release_waypoint_entered_timestamp_seconds",
      "When it left the waypoint before",
      enteredAt,
    ),
    timestamp(
      "hitless_release_progress_timestamp_seconds",
      "When it last came further: a waypoint, or a replica that got ready",
      cameFurtherAt,
    ),
  ];
}

function timestamp(name: string, what: string, ms: number): Family {
  const help = `${what}, seconds since the epoch; none while no release is under way.`;
  return gauge(name, help, ms / 1000);
}

function historyFamilies(history: readonly ReleaseRecord[]): readonly Family[] {
  const perOutcome = (figureOf: (records: readonly ReleaseRecord[]) => number): readonly Sample[] =>
    outcomes.map((outcome) => ({
      labels: { outcome },
      value: figureOf(history.filter((record) => record.outcome === outcome)),
    }));
  return [
    {
      name: "hitless_releases_total",
      type: "counter",
      help: "Releases that are over, by outcome, since the app was made.",
      samples: perOutcome((records) => records.length),
    },
    {
      name: "hitless_last_release_timestamp_seconds",
      type: "gauge",
      help: "When a release last ended with that outcome, seconds since the epoch; 0: never.",
      samples: perOutcome(
        (records) => Math.max(0, ...records.slice(-1).map((r) => r.endedAt)) / 1000,
      ),
    },
  ];
}
