import {
  type Already,
  type App,
  droppedBetween,
  frozenText,
  type Known,
  type LeafChange,
  leafChanges,
  type PendingRelease,
  unknownRate,
  type Why,
  whyNotNow,
  writtenSettings,
} from "@hitless/core";
import type { Audited } from "../audit/audit-trail.ts";
import type { Change } from "../loop/controller.ts";

/** What a change that was accepted will do. */
export interface Accepted extends Answer, Audited {}

/** Before it is known whether the audit log has it. */
export interface Answer extends Circumstances {
  /** `nothing`: already so · `settings`: applied without a revision · `started` · `queued` · `noted`: an intent. */
  readonly kind: "nothing" | "settings" | "started" | "queued" | "noted";
  /** The release that a waiting client should follow; null when there is none to follow. */
  readonly release: number | null;
  readonly revision: number | null;
}

/** What else the asker has to know. */
interface Circumstances {
  /** What was asked was so already, by somebody else's doing; null when this brings it about. */
  readonly already: Already | null;
  /** The release that had its place in the queue and never begins, because of this. */
  readonly dropped: PendingRelease | null;
  /** The release that is in the queue now, this one or another. */
  readonly queued: PendingRelease | null;
  /** The release under way that it has to wait for; null when none is. */
  readonly behind: number | null;
  /** Why it may not begin yet, whatever is under way; null when it may. */
  readonly waits: Why | null;
  /** The release under way that goes back because of this. */
  readonly turnsBack: { readonly id: number; readonly to: number } | null;
  /** What is another one as of now, by path. An override is a value over the file. */
  readonly changes: readonly AcceptedChange[];
}

/** Null on a side where there is no such value. */
export interface AcceptedChange extends LeafChange {
  readonly kind: "setting" | "override";
}

/** The release, running or waiting, that moves the app to this revision; null when none does. */
export function releaseTo(app: App, revision: number): number | null {
  if (app.pending?.to === revision) return app.pending.id;
  return app.release?.to === revision ? app.release.id : null;
}

/** What a release to this revision has become. */
export function followed({ before, after }: Change, to: number): Followed {
  if (after.pending?.to === to) return { kind: "queued", release: after.pending.id, revision: to };
  const { release } = after;
  if (release === null) return { kind: "nothing", release: null, revision: to };
  // A rollback of what runs is an intent: that release goes back, and none begins.
  const kind = release.id === before.release?.id ? "noted" : "started";
  return { kind, release: release.id, revision: to };
}

type Followed = Pick<Answer, "kind" | "release" | "revision">;

/** What is answered to who asked for this change. */
export function answer(
  change: Change,
  found: Followed & { readonly already?: Already | null },
  rate: Known<number> = unknownRate,
): Answer {
  const { before, after } = change;
  const { pending: queued, release } = after;
  const dropped = droppedBetween(before, after);
  const waits = queued && whyNotNow(after, queued, { now: Date.now(), rate });
  const queue = { dropped, queued, behind: release?.id ?? null, waits };
  const brought = { turnsBack: turnedBack(change), changes: changesOf(change) };
  return { already: null, ...found, ...queue, ...brought };
}

function turnedBack({ before, after }: Change): Answer["turnsBack"] {
  const { release } = after;
  if (release === null || release.id !== before.release?.id) return null;
  if (release.direction === before.release.direction || release.direction === "forward")
    return null;
  return { id: release.id, to: release.to };
}

function changesOf({ before, after }: Change): readonly AcceptedChange[] {
  return [
    ...kindOf("setting", leafChanges(settingsOf(before), settingsOf(after))),
    ...kindOf("override", leafChanges(before.overrides, after.overrides)),
  ];
}

/** With what commands set: the number of replicas that is wanted, maintenance, a freeze. */
function settingsOf(app: App): Readonly<Record<string, unknown>> {
  const { settings, desired, maintenance, frozen } = app;
  const written = writtenSettings({ ...settings, replicas: desired.replicas });
  const begins = frozen === null ? "may begin" : frozenText(frozen);
  return { ...written, maintenance: inBrief(maintenance), releases: begins };
}

function inBrief(maintenance: App["maintenance"]): string {
  if (maintenance === null) return "off";
  const { holdMs, message } = maintenance;
  return `on, after ${holdMs / 1000} s${message === "" ? "" : `: ${message}`}`;
}

function kindOf(
  kind: AcceptedChange["kind"],
  changes: readonly LeafChange[],
): readonly AcceptedChange[] {
  return changes.map((c) => ({
    kind,
    path: c.path,
    before: c.before ?? null,
    after: c.after ?? null,
  }));
}
