import type { ControllerClient, StatusReport } from "@hitless/controller";
import type { AppEvent, IntentKind, Outcome } from "@hitless/core";
import type { AppBed, CommandResult } from "./app-bed.ts";
import { describeLevels, type Levels, levelsOf } from "./release-levels.ts";
import { stays } from "./replica-sampler.ts";

/** What is done to a release under way. */
export const interruptions = ["abort", "rollback", "pause + abort", "pause + resume"] as const;
export type Interruption = (typeof interruptions)[number];

/** What became of a release that was to be interrupted. */
export interface Interrupted {
  /** Where it stood when the first intent took effect, by the event log; null: it had ended before. */
  readonly landed: string | null;
  /** Where it stood when a paused release was told to go on or back; null without a pause. */
  readonly left: string | null;
  /** How it ended. */
  readonly outcome: Outcome;
  /** `hitless release --wait`. */
  readonly command: CommandResult;
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
  await act(client, at.kind, done);
  const command = await done;
  const { desired } = await statusWhen(client, (s) => s.release === null);
  const id = begun.release?.id ?? begun.lastRelease?.id;
  const record = (await client.history()).find((r) => r.id === id);
  if (record === undefined) throw new Error(`release ${id} has no row in history`);
  const { outcome, from, to } = record;
  const events = await client.events();
  const standing = (intent: IntentKind | null) => {
    if (intent === null || outcome !== outcomeOf[at.kind]) return null;
    const query = { from: from ?? 0, to, replicas: desired.replicas };
    const levels = levelsOf(events, { ...query, until: (e) => isAsked(e, intent) })?.at(-1);
    return levels === undefined ? null : describeLevels(levels);
  };
  const [first, second] = intentsOf[at.kind];
  return { landed: standing(first), left: standing(second), outcome, command };
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

/** Follows the status, change by change, until a condition holds. */
async function statusWhen(
  client: ControllerClient,
  holds: (status: StatusReport) => boolean,
): Promise<StatusReport> {
  let status = await client.status();
  while (!holds(status)) status = await client.status(status.version);
  return status;
}

async function act(
  client: ControllerClient,
  kind: Interruption,
  waiting: Promise<unknown>,
): Promise<void> {
  const [first, second] = intentsOf[kind];
  if (!(await intend(client, first)) || second === null) return;
  // The command stops waiting for a paused release.
  await waiting;
  // `paused` is said only once every barrier is passed: it stands still from here on.
  await statusWhen(client, (s) => s.why.kind === "paused" || s.release === null);
  await intend(client, second);
}

/** What is asked, and what else once that is in force. */
const intentsOf = {
  abort: ["abort", null],
  rollback: ["rollback", null],
  "pause + abort": ["pause", "abort"],
  "pause + resume": ["pause", "resume"],
} as const satisfies Record<Interruption, readonly [IntentKind, IntentKind | null]>;

/** How a release that was interrupted so must end; one that ended otherwise was too quick for us. */
const outcomeOf = {
  abort: "aborted",
  rollback: "rolledBack",
  "pause + abort": "aborted",
  "pause + resume": "succeeded",
} as const satisfies Record<Interruption, Outcome>;

/** False when there is no release to ask it of any more. */
async function intend(client: ControllerClient, kind: IntentKind): Promise<boolean> {
  try {
    if (kind === "rollback") await client.rollback({ to: null, by });
    else await client.intent({ kind, by });
    return true;
  } catch (refused) {
    if ((await client.status()).release === null) return false;
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
