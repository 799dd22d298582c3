import type { Accepted, ControllerClient, ReleaseStatus, StatusReport } from "@hitless/controller";
import {
  type AuditEntry,
  describeFailure,
  describeOutcome,
  describeWhy,
  HitlessError,
  type ReleaseRecord,
  type Why,
} from "@hitless/core";
import { canDraw } from "../live/live-block.ts";
import { LiveTeller } from "../live/live-teller.ts";
import { progress } from "../output.ts";
import { describeTraffic } from "../render/describe-traffic.ts";
import { stopSignal } from "./stop-signal.ts";
import { LineTeller, type Teller } from "./teller.ts";

/** How long a controller may be away before the wait for it is given up, ms. */
const controllerGoneMs = 15_000;
const retryMs = 300;

/** What of the controller's API it takes to follow a release. */
export type ReleaseSource = Pick<ControllerClient, "status" | "history" | "audit">;

/**
 * Follows a release to its end, with a line for each change. Returns its row of `history`, however
 * it ended; null when there is no release. Throws STOPPED_WAITING, NO_WAY_BACK while a way back does
 * not move, RELEASE_ABORTED when it never began. `timeoutMs` null: no timeout.
 */
export async function followRelease(
  client: ReleaseSource,
  accepted: Accepted,
  timeoutMs: number | null,
): Promise<ReleaseRecord | null> {
  const { release } = accepted;
  if (release === null) return null;
  const stop = stopSignal(timeoutMs, "the release");
  const teller = tellerOf(release);
  let version: number | undefined;
  try {
    for (;;) {
      const news = { after: version, within: teller.everyMs };
      const status = await patientStatus(client, news, stop.signal);
      const ended = await endOf(client, release, status);
      if (ended !== null) return ended;
      if (accepted.kind === "queued") await refuseDropped(client, accepted, status);
      if (!begins(accepted, status.why)) stopIfNotNow(status.why, release);
      teller.tell(status);
      if (status.release?.id === release) stopIfStuck(status.release, status.why);
      version = status.version;
    }
  } catch (thrown) {
    throw stop.signal.aborted ? stop.signal.reason : goesOn(thrown, release);
  } finally {
    teller.close();
    stop.end();
  }
}

/** A terminal shows the release as it stands; everything else gets a line for each change. */
function tellerOf(release: number): Teller {
  return canDraw(process.stderr, process.env)
    ? new LiveTeller(process.stderr)
    : new LineTeller(release);
}

/** A release outlives its controller: whoever waited has to know. */
function goesOn(thrown: unknown, release: number): unknown {
  if (!(thrown instanceof HitlessError) || thrown.code !== "NO_CONTROLLER") return thrown;
  const message = `the controller is gone; release ${release} goes on with the next one`;
  return new HitlessError("NO_CONTROLLER", message, {
    cause: thrown,
    next: "Start one with `hitless up --detach`.",
  });
}

/** What most callers want. */
export function succeeded(ended: ReleaseRecord): boolean {
  return ended.outcome === "succeeded";
}

/** The app is back on the revision that the release left. */
export function wentBack(ended: ReleaseRecord): boolean {
  return ["aborted", "rolledBack", "failed", "replaced"].includes(ended.outcome);
}

async function endOf(
  client: ReleaseSource,
  release: number,
  status: StatusReport,
): Promise<ReleaseRecord | null> {
  if (status.lastRelease !== null && status.lastRelease.id === release) return status.lastRelease;
  if (status.lastRelease === null || status.lastRelease.id < release) return null;
  return (await client.history()).find((r) => r.id === release) ?? null;
}

/** What waited in the queue and is nowhere any more has lost its place before it began. */
async function refuseDropped(
  client: ReleaseSource,
  { release, revision }: Accepted,
  status: StatusReport,
): Promise<void> {
  if (status.pending?.id === release || status.release?.id === release) return;
  // It may have begun and ended while the status was gathered.
  if ((await client.history()).some((r) => r.id === release)) return;
  const { entries } = await client.audit();
  const cause = entries.findLast((entry) => drops(entry, release));
  const because = cause === undefined ? "" : `: ${cause.command} by ${cause.who.name}`;
  throw new HitlessError(
    "RELEASE_ABORTED",
    `release ${release ?? "?"} to revision ${revision ?? "?"} lost its place in the queue before it began${because}`,
    { next: "See `hitless audit`; say `hitless release` again if it is still wanted." },
  );
}

/** Whether that is what took the release out of the queue. */
function drops({ before, after, result }: AuditEntry, release: number | null): boolean {
  if (result.kind !== "accepted" || before?.queued?.id !== release) return false;
  return after?.queued?.id !== release && after?.release?.id !== release;
}

/** Tells of an end that was wanted; throws RELEASE_FAILED, RELEASE_ABORTED or NO_WAY_BACK of another. */
export function judge(ended: ReleaseRecord, wanted: boolean): void {
  const seconds = ((ended.endedAt - ended.startedAt) / 1000).toFixed(1);
  if (wanted) {
    const lost = ended.traffic === undefined ? "" : `, lost ${describeTraffic(ended.traffic)}`;
    progress(`release ${ended.id} ${describeOutcome(ended.outcome)} after ${seconds} s${lost}`);
    return;
  }
  const reason =
    ended.reason === null ? describeOutcome(ended.outcome) : describeFailure(ended.reason);
  const message = `release ${ended.id} to revision ${ended.to} ${describeOutcome(ended.outcome)} after ${seconds} s: ${reason}`;
  throw new HitlessError(codeOf(ended.outcome), `${message}${lastLines(ended)}`, {
    next: "See `hitless why` and `hitless history`.",
  });
}

function codeOf(
  outcome: ReleaseRecord["outcome"],
): "RELEASE_FAILED" | "RELEASE_ABORTED" | "NO_WAY_BACK" {
  switch (outcome) {
    case "failed":
      return "RELEASE_FAILED";
    case "stuck":
      return "NO_WAY_BACK";
    default:
      return "RELEASE_ABORTED";
  }
}

function lastLines(ended: ReleaseRecord): string {
  const { reason } = ended;
  if (reason === null || !("evidence" in reason)) return "";
  const lines = reason.evidence.lastLogLines.slice(-12);
  return lines.length === 0
    ? ""
    : `\n  its last log lines:\n${lines.map((l) => `    ${l}`).join("\n")}`;
}

/** It may begin at once, and the window that it waited for until then is the reason of before. */
function begins({ kind, behind, waits }: Accepted, why: Why): boolean {
  return kind === "queued" && behind === null && waits === null && why.kind === "windowClosed";
}

/** A release that may not begin for hours begins without whoever waits: throws STOPPED_WAITING. */
function stopIfNotNow(why: Why, release: number): void {
  if (why.kind !== "windowClosed" && why.kind !== "frozen") return;
  // Less traffic may come at any moment.
  if (why.release !== release || (why.kind === "windowClosed" && why.opensAt === null)) return;
  throw new HitlessError("STOPPED_WAITING", describeWhy(why, Date.now()), {
    next: "It begins by itself then. See `hitless why`.",
  });
}

/**
 * Throws STOPPED_WAITING when the release is paused, waits for nothing but a person or is held by a failure, NO_WAY_BACK when
 * not even the way back moves.
 */
export function stopIfStuck(release: StatusReport["release"], why: Why): void {
  if (release === null) return;
  const { id } = release;
  if (waitsForPerson(release, why)) {
    const at = release.waypoints[release.cursor] ?? "finish";
    throw new HitlessError("STOPPED_WAITING", `release ${id} waits at "${at}" for a person`, {
      next: "`hitless promote` lets it go on, `hitless abort` goes back.",
    });
  }
  if (release.heldByFailure === true) {
    const message = `release ${id} waits for a person: ${describeWhy(why, Date.now())}`;
    throw new HitlessError("STOPPED_WAITING", message, { next: "See `hitless why`." });
  }
  if (release.paused !== null) {
    throw new HitlessError("STOPPED_WAITING", `release ${id} is paused by ${release.paused.by}`, {
      next: "`hitless resume` goes on, `hitless abort` goes back.",
    });
  }
  if (release.overdue) {
    throw new HitlessError(
      "NO_WAY_BACK",
      `release ${id} cannot get back: ${describeWhy(why, Date.now())}`,
      {
        next: "See `hitless why`; the controller keeps trying.",
      },
    );
  }
}

/** The reason may be older than the holds: it has to be of the same waypoint. */
function waitsForPerson(release: ReleaseStatus, why: Why): boolean {
  if (why.kind !== "held" || why.waypoint !== release.waypoints[release.cursor]) return false;
  const closed = release.holds.filter((hold) => !hold.open);
  return closed.length > 0 && closed.every((hold) => hold.kind === "approval");
}

/** A controller that was killed comes back when somebody starts it: the wait outlives it for a while. */
async function patientStatus(
  client: ReleaseSource,
  news: { readonly after: number | undefined; readonly within: number | undefined },
  signal: AbortSignal,
): Promise<StatusReport> {
  let { after } = news;
  const giveUp = Date.now() + controllerGoneMs;
  for (;;) {
    try {
      return await client.status(after, signal, news.within);
    } catch (thrown) {
      const gone = thrown instanceof HitlessError && thrown.code === "NO_CONTROLLER";
      if (!gone || Date.now() > giveUp || signal.aborted) throw thrown;
      after = undefined;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
