import type { ControllerClient, StatusReport } from "@hitless/controller";
import { type AppEvent, HitlessError, type IntentKind, type Outcome } from "@hitless/core";
import type { AppBed, CommandResult } from "./app-bed.ts";
import { describeLevels, type Levels, levelsOf } from "./release-levels.ts";
import { stays } from "./replica-sampler.ts";
import { statusWhen } from "./status-when.ts";

/** What is done to a release under way. */
export const interruptions = ["abort", "rollback", "pause + abort", "pause + resume"] as const;
export type Interruption = (typeof interruptions)[number];

/** What became of a release that was to be interrupted. */
export interface Interrupted {
  /** Where it stood when the first intent was accepted, by the event log; null: it had ended before. */
  readonly landed: string | null;
  /** Where it stood when a paused release was told to go on or back; null without a pause. */
  readonly left: string | null;
  /** How it ended. */
  readonly outcome: Outcome;
  /** `hitless release --wait`. */
  readonly command: CommandResult;
  /** What an accepted intent did not do, in words; empty when it did all. */
  readonly faults: readonly string[];
}

/** Named in the event log as the one who asked. */
const by = "proof";

/**
 * Runs `hitless release --wait`, and interrupts it when the running replicas are at `step`
 * (`3+1`: three old, one new). Resolves when the release has ended.
 */
export async function interruptRelease(
  bed: AppBed,
  client: ControllerClient,
  at: { readonly step: string; readonly kind: Interruption },
): Promise<Interrupted> {
  const before = await client.status();
  const { done } = bed.start("release", "--wait");
  const begun = await statusWhen(client, (s) => hasBegun(s, before));
  await statusWhen(client, (s) => s.release === null || levelsIn(s) === at.step);
  const id = begun.release?.id ?? begun.lastRelease?.id ?? 0;
  const accepted = await act(client, { kind: at.kind, id, waiting: done });
  const command = await done;
  const { desired } = await statusWhen(client, (s) => s.release === null);
  const record = (await client.history()).find((r) => r.id === id);
  if (record === undefined) throw new Error(`release ${id} has no row in history`);
  const { outcome, from, to } = record;
  const events = await client.events();
  const standing = (intent: IntentKind | null) => {
    if (intent === null || !accepted.includes(intent)) return null;
    const query = { from: from ?? 0, to, replicas: desired.replicas };
    const levels = levelsOf(events, { ...query, until: (e) => isAsked(e, intent) })?.at(-1);
    return levels === undefined ? null : describeLevels(levels);
  };
  const [first, second] = intentsOf[at.kind];
  const [landed, left] = [standing(first), standing(second)];
  const faults = disobeyed(at.kind, { accepted, outcome, landed, left });
  return { landed, left, outcome, command, faults };
}

/** The steps that a plain release of the bed's folder goes through, by the event log. */
export async function stepsOf(bed: AppBed, client: ControllerClient): Promise<readonly Levels[]> {
  const { stable, desired } = await client.status();
  await bed.must(0, "release", "--wait");
  const to = (await client.status()).stable ?? 0;
  const query = { from: stable ?? 0, to, replicas: desired.replicas };
  // The first is where it stood before anything was done.
  return levelsOf(await client.events(), query)?.slice(1) ?? [];
}

/** Asks what is to be asked; returns the intents that the release accepted. */
async function act(
  client: ControllerClient,
  at: { readonly kind: Interruption; readonly id: number; readonly waiting: Promise<unknown> },
): Promise<readonly IntentKind[]> {
  const [first, second] = intentsOf[at.kind];
  if (!(await intend(client, first, at.id))) return [];
  if (second === null) return [first];
  // The command stops waiting for a paused release.
  await at.waiting;
  // `paused` is said only once every barrier is passed: it stands still from here on.
  await statusWhen(client, (s) => s.why.kind === "paused" || s.release === null);
  return (await intend(client, second, at.id)) ? [first, second] : [first];
}

/** What is asked, and what else once that is in force. */
const intentsOf = {
  abort: ["abort", null],
  rollback: ["rollback", null],
  "pause + abort": ["pause", "abort"],
  "pause + resume": ["pause", "resume"],
} as const satisfies Record<Interruption, readonly [IntentKind, IntentKind | null]>;

/** How a release that accepted all that was asked must end. */
const outcomeOf = {
  abort: "aborted",
  rollback: "rolledBack",
  "pause + abort": "aborted",
  "pause + resume": "succeeded",
} as const satisfies Record<Interruption, Outcome>;

/**
 * What is wrong with a release that accepted these intents. One that accepted none had ended before;
 * one that accepted any was there, and has to do what it was told.
 */
function disobeyed(
  kind: Interruption,
  met: Pick<Interrupted, "landed" | "left" | "outcome"> & {
    readonly accepted: readonly IntentKind[];
  },
): readonly string[] {
  const { accepted, landed, left, outcome } = met;
  const [first, second] = intentsOf[kind];
  const wanted = accepted.length === 0 ? "succeeded" : outcomeOf[kind];
  const taken = accepted.length === 0 ? "nothing" : `the ${accepted.join(" and the ")}`;
  const ended = `it accepted ${taken} and ended ${outcome}, not ${wanted}`;
  const goneOn = accepted.length === 1 && second !== null;
  const untold = (landed === null && accepted.length > 0) || (left === null && accepted.length > 1);
  return [
    ...(outcome === wanted ? [] : [ended]),
    ...(goneOn ? [`it accepted the ${first} and ended before the ${second}`] : []),
    ...(untold ? [`the event log does not tell of ${taken}`] : []),
  ];
}

/** Whether release `id` accepted it; false when that one had ended. */
async function intend(
  client: ControllerClient,
  kind: "abort" | "rollback" | "pause" | "resume",
  id: number,
): Promise<boolean> {
  const meantFor = { release: id, direction: "forward", waypoint: null } as const;
  try {
    if (kind === "rollback") await client.rollback({ to: null, by, meantFor });
    else await client.intent({ kind, by, meantFor });
    return true;
  } catch (refused) {
    if (refused instanceof HitlessError && refused.happened?.kind === "ended") return false;
    throw refused;
  }
}

function hasBegun(status: StatusReport, before: StatusReport): boolean {
  return status.release !== null || (status.lastRelease?.id ?? 0) > (before.lastRelease?.id ?? 0);
}

function levelsIn({ release, replicas }: StatusReport): string {
  const running = (revision: number | undefined | null) =>
    replicas.filter((r) => r.revision === revision && stays(r)).length;
  return describeLevels({ old: running(release?.from), new: running(release?.to) });
}

function isAsked({ kind, text }: AppEvent, intent: string): boolean {
  return kind === "intent" && text.startsWith(`${intent} `) && text.endsWith(` by ${by}`);
}
