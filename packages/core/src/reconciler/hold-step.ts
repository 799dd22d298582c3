import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Metric, MetricState } from "../model/metric.ts";
import type { Reached, Release } from "../model/release.ts";
import type { Hold, Waypoint } from "../model/waypoint.ts";
import {
  dueMetrics,
  failedMetric,
  measureStep,
  nextDue,
  undecidedMetric,
} from "./analysis-step.ts";
import { lookAgainMs, wait } from "./decide.ts";
import { evidenceOf } from "./progress.ts";
import { turnBackDecision } from "./turn-back.ts";
import { sideOf, type World } from "./world.ts";

type HoldState =
  | { readonly kind: "open" }
  | { readonly kind: "closed"; readonly detail: string; readonly lookAgain: number }
  | { readonly kind: "undecided"; readonly detail: string }
  | { readonly kind: "failed"; readonly detail: string };

/** The verdicts that a waypoint's gates wait for. */
export function pendingVerdicts(waypoint: Waypoint): readonly string[] {
  return waypoint.hold.flatMap((h) => (h.kind === "gate" ? [h.name] : []));
}

/** What the holds and the metrics of a reached waypoint say; null when all are open or waived. */
export function holdStep(app: App, waypoint: Waypoint, world: World): Decision | null {
  const { release } = app;
  if (release === null || waypoint.hold.length === 0 || isWaived(release, waypoint)) return null;
  if (release.reached === null) return beginHolds(app, release, { waypoint, world });
  // What is due was measured by `watchStep`, and what turns back has turned back.
  const worse = failedMetric(release, waypoint);
  if (worse !== null) return analysisFailed(app, waypoint, { ...worse, world });
  const due = nextDue(release, waypoint);
  for (const hold of waypoint.hold) {
    if (isApproved(release, hold)) continue;
    const state = stateOf(hold, { release, reached: release.reached, waypoint, world });
    if (state.kind === "open") continue;
    if (state.kind === "failed")
      return failed(app, waypoint, { hold, world, detail: state.detail });
    const why = { waypoint: waypoint.id, hold: nameOf(hold), detail: state.detail };
    return state.kind === "closed"
      ? wait({ kind: "held", ...why }, laterOf(world.now, Math.min(state.lookAgain, due)))
      : wait({ kind: "holdUndecided", ...why }, world.now + lookAgainMs);
  }
  return unreadable(release, waypoint, world);
}

/**
 * Measures what is due, and turns back what is worse than allowed, also when the waypoint is not reached
 * or does not stand any more: who hangs is not ready either, and must not be waited for first.
 */
export function watchStep(app: App, waypoint: Waypoint, world: World): Decision | null {
  const { release } = app;
  if (release === null || waypoint.hold.length === 0) return null;
  if (isWaived(release, waypoint)) return null;
  const news = measureStep(app, waypoint, world);
  if (news !== null) return news;
  const worse = waypoint.onFail === "back" ? failedMetric(release, waypoint) : null;
  return worse === null ? null : analysisFailed(app, waypoint, { ...worse, world });
}

/** What cannot be measured has not passed, whatever else the waypoint holds for. */
function unreadable(release: Release, waypoint: Waypoint, world: World): Decision | null {
  const unread = undecidedMetric(release, waypoint, ["error"]);
  if (unread === null) return null;
  const detail = unread.state?.detail ?? "never measured";
  const why = { waypoint: waypoint.id, hold: unread.metric.name, detail };
  return wait({ kind: "holdUndecided", ...why }, world.now + lookAgainMs);
}

/** An instant that has come is looked at again at once, and not for ever: sources take their time. */
function laterOf(now: number, at: number): number {
  return at > now ? at : now + lookAgainMs;
}

/**
 * `promote --full` waives all but what guards a step that cannot be undone: that takes a `skip` said
 * there, which is recorded.
 */
function isWaived(release: Release, waypoint: Waypoint): boolean {
  return (
    release.waived === "waypoint" || (release.waived === "all" && waypoint.schema !== "contract")
  );
}

/** A person's word stands for what waits for time and people, never for a measurement. */
function isApproved(release: Release, { kind }: Hold): boolean {
  if (release.waived !== "approved") return false;
  return kind === "approval" || kind === "time" || kind === "requests";
}

function beginHolds(
  app: App,
  release: Release,
  at: { waypoint: Waypoint; world: World },
): Decision {
  const { world, waypoint } = at;
  const { requests } = world.seen;
  const counts = waypoint.hold.some((hold) => hold.kind === "requests");
  if (counts && requests.kind === "unknown") {
    // Counted from zero, the requests of earlier waypoints would open the hold at once.
    const { reason, since } = requests;
    const why = { kind: "unobservable", what: "requests", reason, since } as const;
    return wait(why, world.now + lookAgainMs);
  }
  const reached = { at: world.now, requests: world.requests[release.to] ?? 0 };
  // What was seen on the way is none of what is judged here.
  const { analysis: _moving, ...rest } = release;
  return {
    kind: "advance",
    app: { ...app, release: { ...rest, reached } },
    why: { kind: "waypointReached", waypoint: waypoint.id },
  };
}

function stateOf(
  hold: Hold,
  at: { release: Release; reached: Reached; waypoint: Waypoint; world: World },
): HoldState {
  const { now, requests, seen } = at.world;
  switch (hold.kind) {
    case "time":
      return timeState(at.reached.at + hold.ms, now);
    case "analysis":
      return analysisState(hold.ms, at);
    case "requests": {
      if (seen.requests.kind === "unknown") {
        return { kind: "undecided", detail: seen.requests.reason };
      }
      const answered = (requests[at.release.to] ?? 0) - at.reached.requests;
      if (answered >= hold.n) return { kind: "open" };
      const detail = `${answered} of ${hold.n} requests`;
      return { kind: "closed", detail, lookAgain: now + lookAgainMs };
    }
    case "approval":
      return {
        kind: "closed",
        detail: "waits for `hitless promote`",
        lookAgain: now + lookAgainMs,
      };
    case "gate": {
      const verdict = seen.verdicts[hold.name];
      if (verdict?.verdict === "successful") return { kind: "open" };
      if (verdict?.verdict === "failed") return { kind: "failed", detail: verdict.detail };
      return { kind: "undecided", detail: verdict?.detail ?? "no verdict yet" };
    }
  }
}

function timeState(until: number, now: number): HoldState {
  if (now >= until) return { kind: "open" };
  return { kind: "closed", detail: `${Math.ceil((until - now) / 1000)} s left`, lookAgain: until };
}

/** Open when every metric is good, and has had its time. */
function analysisState(
  ms: number,
  at: { release: Release; reached: Reached; waypoint: Waypoint; world: World },
): HoldState {
  const { release, reached, waypoint, world } = at;
  const timed = timeState(reached.at + ms, world.now);
  const unread = undecidedMetric(release, waypoint, ["error"]);
  if (unread !== null) return { kind: "undecided", detail: textOf(unread) };
  const lookAgain = world.now + lookAgainMs;
  const unsure = undecidedMetric(release, waypoint, ["inconclusive"]);
  if (timed.kind === "closed") {
    return unsure === null ? timed : { ...timed, detail: `${timed.detail}; ${textOf(unsure)}` };
  }
  if (unsure !== null) return { kind: "closed", detail: textOf(unsure), lookAgain };
  // What was good before may be bad, or gone, by the one that somebody is slow to answer.
  const [due] = dueMetrics(release, waypoint, world.now);
  if (due === undefined) return timed;
  return { kind: "closed", detail: `${due.name}: a measurement is under way`, lookAgain };
}

function textOf({ metric, state }: NonNullable<ReturnType<typeof undecidedMetric>>): string {
  return `${metric.name}: ${state?.detail ?? "not measured yet"}`;
}

function analysisFailed(
  app: App,
  waypoint: Waypoint,
  at: { metric: Metric; state: MetricState; world: World },
): Decision {
  const { metric, state, world } = at;
  const { name } = metric;
  const { detail } = state;
  if (waypoint.onFail === "back") {
    const evidence = evidenceOf(sideOf(world, app.release?.to ?? 0), world);
    const found = { waypoint: waypoint.id, metric: name, detail, evidence };
    return turnBackDecision(app, { kind: "analysisFailed", ...found }, world.now);
  }
  const why = { waypoint: waypoint.id, hold: name, detail: `failed: ${detail}` };
  return wait({ kind: "holdUndecided", ...why }, world.now + lookAgainMs);
}

function failed(
  app: App,
  waypoint: Waypoint,
  at: { hold: Hold; world: World; detail: string },
): Decision {
  const { hold, world, detail } = at;
  if (waypoint.onFail === "back") {
    return turnBackDecision(app, { kind: "holdFailed", hold: nameOf(hold), detail }, world.now);
  }
  const why = { waypoint: waypoint.id, hold: nameOf(hold), detail: `failed: ${detail}` };
  return wait({ kind: "holdUndecided", ...why }, world.now + lookAgainMs);
}

function nameOf(hold: Hold): string {
  return hold.kind === "gate" ? hold.name : hold.kind;
}
