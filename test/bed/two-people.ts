import type { Accepted, ControllerClient } from "@hitless/controller";
import { type AuditEntry, exitCodeOf, type Happened, type ReleaseRecord } from "@hitless/core";
import type { AppBed, CommandResult, ShopAnswer } from "./app-bed.ts";

/** One of two who speak at the same time. */
export interface Speaker {
  /** As the audit log names it. */
  readonly command: "release" | "rollback" | "abort" | "resume" | "down";
  readonly args: readonly string[];
  /** The cause that only this one's release has; null for what makes none. */
  readonly cause: string | null;
  /** What the app says of itself when this one's revision serves. */
  readonly content: string | null;
}

/** What one of them heard. */
export interface Heard extends Speaker {
  readonly result: CommandResult;
  readonly answer: Answer | null;
}

/** What `--json` prints. */
interface Answer {
  readonly accepted: Accepted | null;
  readonly ended: ReleaseRecord | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly happened?: Happened;
  } | null;
}

/** What is so when everything has come to rest. */
export interface Rest {
  readonly history: readonly ReleaseRecord[];
  readonly audit: readonly AuditEntry[];
  readonly damage: readonly string[];
  readonly stable: number | null;
  /** What the app itself answers. */
  readonly served: ShopAnswer;
}

/** Lets one speak. */
export async function speak(bed: AppBed, speaker: Speaker): Promise<Heard> {
  const result = await bed.run(...speaker.args);
  return { ...speaker, result, answer: answerIn(result.stdout) };
}

/** Waits until nothing is under way or waiting, and looks at all that is to be compared. */
export async function atRest(bed: AppBed, client: ControllerClient): Promise<Rest> {
  let status = await client.status();
  const deadline = Date.now() + 60_000;
  while (status.release !== null || status.pending !== null || status.why.kind !== "steady") {
    if (Date.now() > deadline) throw new Error(`no rest: ${JSON.stringify(status.why)}`);
    status = await client.status(status.version);
  }
  const history = await client.history();
  const { entries, damage } = await client.audit();
  return { history, audit: entries, damage, stable: status.stable, served: await bed.ask() };
}

/** What is not as the two were told; empty when all is true. */
export function untruths(
  heard: readonly [Heard, Heard],
  before: Rest,
  after: Rest,
): readonly string[] {
  const rows = after.history.slice(before.history.length);
  const entries = after.audit.slice(before.audit.length);
  const [a, b] = heard;
  return [
    ...after.damage,
    ...untruthsOf(a, { rows, entries, other: b }),
    ...untruthsOf(b, { rows, entries, other: a }),
    ...wrongOutcome(rows, before, after),
    ...wrongContent(heard, after),
    ...wrongOrder(entries),
  ];
}

/** Nothing lets a release go on that was aborted before: who was told so came first. */
function wrongOrder(entries: readonly AuditEntry[]): readonly string[] {
  const accepted = entries.filter((e) => e.result.kind === "accepted").map((e) => e.command);
  const [abort, resume] = [accepted.indexOf("abort"), accepted.indexOf("resume")];
  return abort !== -1 && abort < resume ? ["resume was accepted after abort was"] : [];
}

interface Facts {
  readonly rows: readonly ReleaseRecord[];
  readonly entries: readonly AuditEntry[];
  readonly other: Heard;
}

function untruthsOf(heard: Heard, facts: Facts): readonly string[] {
  const { answer, command, result } = heard;
  const found = [...missingEntry(heard, facts)];
  if (command === "down") {
    if (result.code !== 0) found.push(`exit ${result.code}: ${result.stderr}`);
  } else if (answer === null) {
    found.push(`exit ${result.code} and no JSON: ${result.stderr}`);
  } else {
    const wanted = answer.error === null ? 0 : exitCodeOf(answer.error.code);
    if (result.code !== wanted) found.push(`exit ${result.code}, but ${JSON.stringify(answer)}`);
    if (answer.accepted === null) found.push(...falseRefusal(heard, answer, facts));
    else found.push(...falseAcceptance(heard, { ...answer, accepted: answer.accepted }, facts));
  }
  return found.map((text) => `${command}: ${text}`);
}

/** Exactly one entry tells of it, and the same as its sender was told. */
function missingEntry({ command, cause, answer, result }: Heard, { entries }: Facts): string[] {
  const own = entries.filter(
    (e) => e.command === command && (cause === null || e.arguments["message"] === cause),
  );
  // Who has not reached any controller is in nobody's log.
  if (result.code === 8 && answer?.accepted === null && own.length === 0) return [];
  if (own.length !== 1) return [`${own.length} entries in the audit log`];
  const entry = own[0]?.result;
  const accepted = command === "down" || answer?.accepted != null;
  if (accepted) return entry?.kind === "accepted" ? [] : ["accepted, but the log says refused"];
  const said = answer?.error?.code;
  return entry?.kind === "refused" && entry.code === said
    ? []
    : [`refused with ${said}, but the log says ${JSON.stringify(entry)}`];
}

function falseRefusal({ cause }: Heard, { error }: Answer, { rows }: Facts): readonly string[] {
  if (rows.some((row) => row.cause === cause)) return ["refused, but its release is in history"];
  const happened = error?.happened;
  if (happened === undefined) return [];
  const row = rows.find((r) => r.id === meantIn(happened));
  switch (happened.kind) {
    case "ended":
      if (happened.ended === null || row === undefined) return [];
      return row.outcome === happened.ended.outcome ? [] : [`it ended ${row.outcome}`];
    case "turnedBack":
      return row?.outcome === happened.reason?.kind ? [] : [`it ended ${row?.outcome}`];
    case "another":
      return rows.some((r) => r.id === happened.underWay) ? [] : ["no such release was under way"];
    default:
      return [];
  }
}

function meantIn(happened: Happened): number | null {
  return "release" in happened ? happened.release : null;
}

function falseAcceptance(
  heard: Heard,
  { accepted, ended, error }: Answer & { readonly accepted: Accepted },
  { rows, other }: Facts,
): readonly string[] {
  const { release, revision, kind } = accepted;
  if (kind === "nothing" || kind === "settings") return [`told ${kind}`];
  const row = rows.find((r) => r.id === release);
  if (row === undefined) {
    const dropped = other.answer?.accepted?.dropped?.id === release;
    if (!dropped)
      return [`release ${release} is not in history, and nobody was told that it was dropped`];
    return error === null || error.code === "RELEASE_ABORTED" ? [] : [`dropped, but ${error.code}`];
  }
  const found: string[] = [];
  if (!leadsTo(heard, row, revision)) found.push(`told revision ${revision}, but ${show(row)}`);
  if (heard.cause !== null && row.cause !== heard.cause) found.push(`${show(row)} is not its own`);
  if (ended !== null && JSON.stringify(ended) !== JSON.stringify(row))
    found.push(`told ${show(ended)}, but ${show(row)}`);
  const aborted = heard.command === "abort" && row.outcome !== "aborted";
  if (aborted) found.push(`accepted, but ${show(row)}`);
  return found;
}

/** A rollback of a running release is a way back; everything else goes where it was told to go. */
function leadsTo({ command }: Heard, row: ReleaseRecord, revision: number | null): boolean {
  if (row.to === revision) return true;
  return command === "rollback" && row.from === revision && row.outcome === "rolledBack";
}

/** The rows lead from what served before to what serves now, by the app's own word. */
function wrongOutcome(
  rows: readonly ReleaseRecord[],
  before: Rest,
  after: Rest,
): readonly string[] {
  let stable = before.stable;
  for (const row of rows) {
    if (row.from !== stable) return [`${show(row)} began on revision ${stable}`];
    if (row.outcome === "succeeded") stable = row.to;
  }
  const told = [String(stable), String(after.stable), after.served.revision];
  return new Set(told).size === 1
    ? []
    : [`history says revision ${told[0]}, status ${told[1]}, the app ${told[2]}`];
}

function wrongContent(heard: readonly Heard[], { served }: Rest): readonly string[] {
  const made = heard.find(
    ({ answer, content }) =>
      content !== null && String(answer?.accepted?.revision) === served.revision,
  );
  const said = served.config["SOAK"];
  if (made === undefined || said === made.content) return [];
  return [`revision ${served.revision} says ${said}, not ${made.content}`];
}

function show({ id, kind, from, to, outcome }: ReleaseRecord): string {
  return `release ${id} (${kind}, ${from} → ${to}, ${outcome})`;
}

function answerIn(stdout: string): Answer | null {
  try {
    const answer: Answer = JSON.parse(stdout);
    return answer;
  } catch {
    return null;
  }
}
