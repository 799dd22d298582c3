import { courseOf, type Hold, type MetricState, type Release, type Waypoint } from "@hitless/core";

/** A hold of the present waypoint and how far it is. Times are ms since the epoch; null: it counts from when the waypoint is reached. */
export type HoldStatus = { readonly open: boolean } & (
  | { readonly kind: "time"; readonly until: number | null }
  | { readonly kind: "requests"; readonly answered: number | null; readonly wanted: number }
  /** `until`: not before, whatever the metrics say. */
  | { readonly kind: "analysis"; readonly until: number | null }
  | { readonly kind: "approval" }
  | { readonly kind: "gate"; readonly name: string }
);

/** What a metric of the present waypoint says so far. */
export type MetricStatus = Pick<MetricState, "verdict" | "detail" | "measured">;

/** What is left of a release that nothing goes wrong with. */
export interface Remaining {
  /** At least so long, ms: what it holds for. Replicas, requests and people take their own time. */
  readonly ms: number;
  /** So many times it waits for a person. */
  readonly approvals: number;
}

/** What a release is asked about. */
export interface Seen {
  readonly now: number;
  /** Requests that the canary has answered in all; null: not known. */
  readonly requests: number | null;
}

/** The holds of the waypoint at which the release stands, or to which it moves. */
export function holdsOf(release: Release, seen: Seen): readonly HoldStatus[] {
  const waypoint = courseOf(release)[release.cursor];
  return (waypoint?.hold ?? []).map((hold) => holdStatus(hold, release, seen));
}

/** The metrics that are watched there, by name. */
export function analysisOf(release: Release): Readonly<Record<string, MetricStatus>> {
  const waypoint = courseOf(release)[release.cursor];
  const metrics = (waypoint?.metrics ?? []).map(
    ({ name }) => [name, metricStatus(release.analysis?.[name])] as const,
  );
  return Object.fromEntries(metrics);
}

function metricStatus(state: MetricState | undefined): MetricStatus {
  if (state === undefined) {
    return { verdict: "inconclusive", detail: "not measured yet", measured: 0 };
  }
  const { verdict, detail, measured } = state;
  return { verdict, detail, measured };
}

export function remainingOf(release: Release, seen: Seen): Remaining {
  const { cursor, waived } = release;
  const ahead = waived === "all" ? [] : courseOf(release).slice(cursor + 1);
  const here = holdsOf(release, seen).filter((hold) => !hold.open);
  const left = here.map((hold) => (timed(hold) && hold.until !== null ? hold.until - seen.now : 0));
  const unreached = release.reached === null ? leastOf(courseOf(release)[cursor]) : 0;
  const approvals = ahead.filter((w) => w.hold.some((hold) => hold.kind === "approval")).length;
  return {
    ms: Math.max(0, unreached, ...left) + ahead.reduce((sum, w) => sum + leastOf(w), 0),
    approvals: approvals + here.filter((hold) => hold.kind === "approval").length,
  };
}

function holdStatus(hold: Hold, release: Release, { now, requests }: Seen): HoldStatus {
  const { reached, waived } = release;
  const passed = waived === "waypoint" || waived === "all";
  const approved = passed || waived === "approved";
  switch (hold.kind) {
    case "time": {
      const until = reached && reached.at + hold.ms;
      return { kind: "time", until, open: approved || isOver(until, now) };
    }
    case "analysis": {
      const until = reached && reached.at + hold.ms;
      return { kind: "analysis", until, open: passed || (isOver(until, now) && isGood(release)) };
    }
    case "requests": {
      const answered = reached && requests !== null ? requests - reached.requests : null;
      const open = approved || (answered ?? 0) >= hold.n;
      return { kind: "requests", answered, wanted: hold.n, open };
    }
    case "approval":
      return { kind: "approval", open: approved };
    case "gate":
      return { kind: "gate", name: hold.name, open: passed };
  }
}

function isOver(until: number | null, now: number): boolean {
  return until !== null && now >= until;
}

function isGood(release: Release): boolean {
  return Object.values(analysisOf(release)).every(({ verdict }) => verdict === "successful");
}

function timed(hold: HoldStatus): hold is Extract<HoldStatus, { until: number | null }> {
  return hold.kind === "time" || hold.kind === "analysis";
}

/** All its holds run from the same instant. */
function leastOf(waypoint: Waypoint | undefined): number {
  return Math.max(0, ...(waypoint?.hold ?? []).map((hold) => ("ms" in hold ? hold.ms : 0)));
}
