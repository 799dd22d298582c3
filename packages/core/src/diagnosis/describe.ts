import type { Exit, Failure } from "../model/failure.ts";
import type { ReplicaView } from "../model/observed.ts";
import type { Outcome } from "../model/release.ts";
import type { RouteRule } from "../model/route.ts";
import type { Why } from "../model/why.ts";
import { frozenText } from "../reconciler/freeze.ts";

/** A `Why` as one sentence. `now` in milliseconds since the epoch, for "since" and "left". */
export function describeWhy(why: Why, now: number): string {
  switch (why.kind) {
    case "steady":
      return why.revision === null
        ? "nothing is released"
        : `revision ${why.revision} serves with ${why.available} of ${why.desired} replicas`;
    case "unobservable":
      return `${why.what} has been unreadable for ${ago(why.since, now)}: ${why.reason}`;
    case "failing":
      return `cannot go on, for ${ago(why.since, now)} so far, and tries again: ${why.reason}`;
    case "stale":
      return `waits until the effect of "${why.mutation.kind}" can be observed, for ${ago(why.since, now)} so far`;
    case "routeBarrier":
      return `waits until the proxy has route ${why.generation} in force: ${list(why.lagging)}`;
    case "starting":
      return describeStarting(why, now);
    case "settling":
      return why.until <= now
        ? `replica ${why.replica} has been ready for long enough and counts from now on`
        : `replica ${why.replica} is ready and must stay so for ${left(why.until, now)} more`;
    case "unrouting":
      return `waits until no new request can reach ${list(why.replicas)}`;
    case "stopping":
      return `waits for ${list(why.replicas.map(withInFlight))} to stop`;
    case "noCapacity":
      return `revision ${why.revision} cannot grow: ${why.detail}`;
    case "paused":
      return `paused by ${why.by}, for ${ago(why.since, now)} so far; \`hitless resume\` goes on`;
    case "hookRunning":
      return `hook ${why.hook} runs at "${why.waypoint}", for ${ago(why.since, now)} so far, and may for ${why.timeoutMs / 1000} s an attempt`;
    default:
      return describeStep(why);
  }
}

/** Why a release turned back, as one sentence. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case "progressDeadline":
      return `no progress for ${failure.seconds} s: ${failure.available} of ${failure.wanted} replicas available${evidence(failure.evidence)}`;
    case "crashLoop":
      return `replicas exited ${failure.exits} times without progress${evidence(failure.evidence)}`;
    case "holdFailed":
      return `${failure.hold} failed: ${failure.detail}`;
    case "analysisFailed":
      return `${failure.metric} failed at "${failure.waypoint}": ${failure.detail}${evidence(failure.evidence)}`;
    case "hookFailed":
      return `hook ${failure.hook} failed at "${failure.waypoint}": ${failure.detail}`;
    case "aborted":
      return `aborted by ${failure.by}`;
    case "rolledBack":
      return `rolled back by ${failure.by}`;
    case "replaced":
      return `replaced by a newer release of ${failure.by}`;
  }
}

/** How a process ended: `exit 1`, `SIGKILL`. */
export function describeExit(exit: Exit): string {
  switch (exit.kind) {
    case "code":
      return `exit ${exit.code}`;
    case "signal":
      return exit.signal;
    case "notStarted":
      return `not started: ${exit.error}`;
    case "killed":
      return `ended by Hitless: ${exit.because}`;
    case "unknown":
      return "exit code unknown: the controller that started it was gone";
  }
}

/** A route rule in words. */
export function describeRule(rule: RouteRule): string {
  switch (rule.kind) {
    case "byReplica":
      return rule.revisions.length === 0
        ? "nothing"
        : `every ready replica of ${rule.revisions.map((n) => `revision ${n}`).join(" and ")}`;
    case "byWeight":
      return rule.weights
        .map((w) => `revision ${w.revision} ${roundedPercent(w.weight)} %`)
        .join(", ");
    case "byMatch":
      return `by ${rule.rules.length} rules, else revision ${rule.otherwise}`;
  }
}

/** How a release ended, in words for people. */
export function describeOutcome(outcome: Outcome): string {
  const words: Record<Outcome, string> = {
    succeeded: "succeeded",
    failed: "failed and went back",
    aborted: "aborted and went back",
    rolledBack: "rolled back",
    replaced: "replaced by a newer release",
    stuck: "failed; there was nothing to go back to",
  };
  return words[outcome];
}

type Later = Exclude<
  Why["kind"],
  | "steady"
  | "unobservable"
  | "failing"
  | "stale"
  | "routeBarrier"
  | "starting"
  | "settling"
  | "unrouting"
  | "stopping"
  | "noCapacity"
  | "paused"
  | "hookRunning"
>;

function describeStep(why: Extract<Why, { kind: Later }>): string {
  switch (why.kind) {
    case "held":
    case "holdUndecided":
      return `waypoint "${why.waypoint}" is held by ${why.hold}: ${why.detail}`;
    case "windowClosed":
      return `release ${why.release} waits for a release window, which ${why.detail}; \`hitless release --anytime\` begins it`;
    case "frozen":
      return `release ${why.release} waits: the app is ${frozenText(why.frozen)}; \`hitless unfreeze\` ends that`;
    case "scaling":
      return `revision ${why.revision}: ${why.from} → ${why.to} replicas`;
    case "routing":
      return `route ${why.generation}: ${describeRule(why.rule)}`;
    case "collecting":
      return `removes revision ${why.revision}, which nobody refers to`;
    case "migrating":
      return `migration: ${why.phase}`;
    case "hookOver":
      return `hook ${why.hook} ${why.result.outcome} at "${why.waypoint}"${why.result.detail === "" ? "" : `: ${why.result.detail}`}`;
    case "measured":
      return `waypoint "${why.waypoint}" measured: ${why.metrics.join(", ")}`;
    case "waypointReached":
      return `waypoint "${why.waypoint}" ${why.passed === true ? "passed" : "reached"}`;
    case "progressed":
      return `${why.available} of ${why.wanted} replicas available`;
    case "turnedBack":
      return `turns back: ${describeFailure(why.reason)}`;
    case "pendingStarted":
      return `the release to revision ${why.to} that was waiting begins`;
    case "keptExpired":
      return `revision ${why.revisions.join(", ")} is kept no longer`;
    case "finished":
      return `release to revision ${why.to} ${describeOutcome(why.outcome)}`;
  }
}

function describeStarting(why: Extract<Why, { kind: "starting" }>, now: number): string {
  const head = `revision ${why.revision}: ${why.available} of ${why.wanted} replicas available`;
  const slow = why.slowest === null ? "" : `; ${describeReplica(why.slowest, now)}`;
  const limit = why.deadlineAt === null ? "" : ` (turns back ${soon(why.deadlineAt, now)})`;
  return `${head}${slow}${limit}`;
}

function describeReplica(replica: ReplicaView, now: number): string {
  const exit =
    replica.lastExit === null ? null : `last ended with ${describeExit(replica.lastExit)}`;
  if (replica.state === "failed") {
    const again =
      replica.restartAt === null ? "" : `, starts again ${soon(replica.restartAt, now)}`;
    return `replica ${replica.id} ${exit ?? "exited"}${again}`;
  }
  // On its way into the route: nobody has it in force yet, or it would be ready.
  if (replica.state === "starting" && replica.routed && replica.lastProbe?.ok === true) {
    return `replica ${replica.id} passes its probes (${replica.lastProbe.evidence}) and waits until every proxy worker routes to it`;
  }
  const probe = replica.lastProbe?.ok === false ? replica.lastProbe.evidence : null;
  const facts = [probe, exit].filter((f) => f !== null).join("; ");
  return `replica ${replica.id} is ${replica.state}${facts === "" ? "" : ` (${facts})`}`;
}

/** A replica is named for what it did, or for the last lines that are kept of it. */
function evidence(found: Extract<Failure, { kind: "crashLoop" }>["evidence"]): string {
  const { replica, probe, exit, lastLogLines } = found;
  const facts = [
    probe?.ok === false ? probe.evidence : null,
    exit === null ? null : describeExit(exit),
  ].filter((f) => f !== null);
  if (facts.length > 0) {
    return ` (${[...(replica === null ? [] : [`replica ${replica}`]), ...facts].join("; ")})`;
  }
  return replica === null || lastLogLines.length === 0 ? "" : ` (logs of replica ${replica})`;
}

function withInFlight(replica: { readonly id: string; readonly inFlight: number | null }): string {
  return replica.inFlight === null || replica.inFlight === 0
    ? replica.id
    : `${replica.id} (${replica.inFlight} in flight)`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "nobody" : items.join(", ");
}

function ago(since: number, now: number): string {
  return `${Math.max(0, Math.round((now - since) / 1000))} s`;
}

function soon(at: number, now: number): string {
  return at <= now ? "now" : `in ${left(at, now)}`;
}

function left(until: number, now: number): string {
  return `${Math.max(0, Math.ceil((until - now) / 1000))} s`;
}

function roundedPercent(weight: number): number {
  return Number(weight.toFixed(1));
}
