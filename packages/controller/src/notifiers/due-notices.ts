import {
  type App,
  describeFailure,
  describeOutcome,
  describeWhy,
  type Notice,
  type NoticeKind,
  type Outbox,
  type Release,
  type ReleaseRecord,
  type Why,
} from "@hitless/core";
import { isHeldByFailure } from "../loop/held-by-failure.ts";

/** How long data or a hook may be missing before people are told, ms. */
const missingMs = 60_000;
/** One release tells no more than this of where it waits and what it misses. */
const mostTold = 500;

/** All that notices are derived from. */
export interface Situation {
  readonly app: App;
  /** Rows of the history. */
  readonly past: readonly ReleaseRecord[];
  readonly why: Why;
  /** Since when it is of this kind, ms since the epoch. */
  readonly whySince: number;
  readonly now: number;
}

export type Told = Pick<Outbox, "origin" | "ended" | "told">;

/** Nothing of what has ended by now is told. */
export function nothingTold(origin: string, { app, past }: Situation): Told {
  return { origin, ended: Math.max(0, ...overIn(app, past).map(({ id }) => id)), told: [] };
}

/**
 * What people are to be told in a situation and were not told yet. Each notice has the id that it would
 * have at every other look: who looks again, in another process, doubles none and forgets none.
 */
export function dueNotices(situation: Situation, told: Told): readonly Notice[] {
  const { app, past } = situation;
  const over = overIn(app, past).filter(({ id }) => id > told.ended);
  const known = new Set(told.told);
  return [
    ...over.flatMap((row) => noticesOfRow(row, told)),
    ...(app.release === null ? [] : noticesOf(app.release, situation, known.size)),
  ]
    .map(({ id, kind, release, revision, text, at }) => ({
      ...{ id: `${told.origin}/${id}`, kind, app: app.name },
      ...{ release, revision, text, at },
    }))
    .filter(({ id }) => !known.has(id));
}

/** What is known to have been told once these are in the outbox. */
export function toldWith(
  told: Told,
  notices: readonly Notice[],
  { app, past }: Pick<Situation, "app" | "past">,
): Told {
  const ended = Math.max(told.ended, ...overIn(app, past).map(({ id }) => id));
  const prefix = `${told.origin}/`;
  const releaseOf = (id: string) => Number.parseInt(id.slice(prefix.length), 10);
  const ids = [...told.told, ...notices.map(({ id }) => id)];
  return { ...told, ended, told: ids.filter((id) => releaseOf(id) > ended) };
}

type Draft = Omit<Notice, "app">;

/** The row of a release that is still there may be one that a controller died over. */
function overIn({ release }: App, past: readonly ReleaseRecord[]): readonly ReleaseRecord[] {
  return past.filter(({ id }) => id !== release?.id);
}

function noticesOfRow(row: ReleaseRecord, { origin, told }: Told): readonly Draft[] {
  const { id, reason, startedAt, endedAt } = row;
  const draft = drafting(row);
  const turned = told.some((each) => each.startsWith(`${origin}/${id}/turnedBack`));
  return [
    draft({ kind: "started", text: startedText(row), at: startedAt }),
    ...(reason === null || turned
      ? []
      : [draft({ kind: "turnedBack", text: backText(row), at: endedAt })]),
    draft({ ...endOf(row), at: endedAt }),
  ];
}

/** A release that a person ended has gone back, and nothing is wrong with that. */
function endOf(row: ReleaseRecord): Pick<Said, "kind" | "text"> {
  const { id, to, from, outcome, reason } = row;
  if (outcome === "succeeded") {
    return { kind: "succeeded", text: `release ${id} succeeded: revision ${to} serves` };
  }
  const because = reason === null ? "" : `: ${describeFailure(reason)}`;
  const stands = from === null ? "" : `; revision ${from} serves`;
  return {
    kind: outcome === "failed" || outcome === "stuck" ? "failed" : "wentBack",
    text: `release ${id} ${describeOutcome(outcome)}${because}${stands}`,
  };
}

function noticesOf(release: Release, situation: Situation, known: number): readonly Draft[] {
  const { intents, direction } = release;
  const { now: at } = situation;
  const draft = drafting(release);
  const nth = intents.filter(({ kind }) => kind === "retry").length + 1;
  const again = nth === 1 ? "" : `/${nth}`;
  const stuck = known < mostTold ? stuckAt(release, situation) : null;
  return [
    draft({ kind: "started", text: startedText(release), at: release.startedAt }),
    ...(direction === "back"
      ? [draft({ kind: "turnedBack", text: backText(release), at, where: again })]
      : []),
    ...(stuck === null ? [] : [draft({ ...stuck, at, where: `/${stuck.waypoint}${again}` })]),
  ];
}

interface Said {
  readonly kind: NoticeKind;
  readonly text: string;
  readonly at: number;
  /** What tells it apart from others of its kind. */
  readonly where?: string;
}

function drafting({ id, to }: Pick<Release, "id" | "to">) {
  return ({ kind, text, at, where = "" }: Said): Draft => ({
    id: `${id}/${kind}${where}`,
    kind,
    release: id,
    revision: to,
    text,
    at,
  });
}

type Course = Pick<Release, "id" | "from" | "to" | "reason" | "cause">;

function startedText({ id, to, cause }: Course): string {
  return `release ${id} to revision ${to} began: ${cause}`;
}

function backText({ id, from, reason }: Course): string {
  const because = reason === null ? "" : `: ${describeFailure(reason)}`;
  return from === null
    ? `release ${id} has nothing to go back to${because}`
    : `release ${id} goes back to revision ${from}${because}`;
}

interface Stuck {
  readonly kind: "waiting" | "held";
  readonly waypoint: string;
  readonly text: string;
}

/** Where only a person, or data that does not come, lets a release go on. */
function stuckAt(release: Release, { app, why, whySince, now }: Situation): Stuck | null {
  const course = release.direction === "forward" ? release.plan : release.back;
  const waypoint = course[release.cursor]?.id;
  if (waypoint === undefined) return null;
  // A reason of before it moved or turned: the next look has the one of now.
  if ("waypoint" in why && why.waypoint !== waypoint) return null;
  const said = describeWhy(why, now);
  if (waitsForPerson(app, release, why)) {
    return { kind: "waiting", waypoint, text: `release ${release.id} waits for a person: ${said}` };
  }
  const since = missingSince(app, why, whySince);
  if (since === null || now - since < missingMs) return null;
  const text = `release ${release.id} is held, and has been for more than a minute: ${said}`;
  return { kind: "held", waypoint, text };
}

/** An approval, or something that failed and must not turn the release back. */
function waitsForPerson(app: App, release: Release, why: Why): boolean {
  if (why.kind === "held") return why.hold === "approval";
  return isHeldByFailure(app, release, why);
}

/** Since when data or a hook is missing; null when none is. A load takes its time by design. */
function missingSince({ ordered }: App, why: Why, since: number): number | null {
  switch (why.kind) {
    case "unobservable":
    case "holdUndecided":
      return since;
    case "failing":
      return why.since;
    case "hookRunning": {
      const action = ordered?.mutation.kind === "hook" ? ordered.mutation.hook.action : null;
      return since + (action?.kind === "load" ? action.forMs : 0);
    }
    default:
      return null;
  }
}
