import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControllerClient, StatusReport } from "@hitless/controller";
import { exitCodeOf, HitlessError } from "@hitless/core";
import { z } from "zod";
import type { AppBed, CommandResult } from "./app-bed.ts";
import { persistedApp, type SavedApp } from "./controller-death.ts";
import { type Cell, type Way, ways } from "./failpoint-ways.ts";
import { faultsOf } from "./stands-on.ts";
import { isSettled, nameOf, WatchedController } from "./watched-controller.ts";

/** The longest wait for a death: the slowest point is met at the end of a release, ms. */
const diesWithinMs = 30_000;

const engineFile = z.object({
  value: z.object({
    revisions: z.array(z.object({ revision: z.number(), level: z.number() })),
    replicas: z.array(z.object({ id: z.string() })),
  }),
});

/** What every replica of the app says of itself, whatever its revision. */
export interface Said {
  readonly version: string;
  readonly config: Readonly<Record<string, string>>;
}

/** What came of one death. */
export interface Death {
  /** In words: what was on disk, and how it went on. */
  readonly summary: string;
  /** It died where it was to die. */
  readonly reached: boolean;
  /** What is not as it should be, in words. */
  readonly faults: readonly string[];
}

/**
 * Lets a controller kill itself at a failpoint, starts another and judges what it made of it: what
 * was accepted is done, what was not is not; nothing runs twice, nothing is left over.
 */
export async function dieAt(bed: AppBed, cell: Cell, said: Said): Promise<Death> {
  const way: Way = ways[cell.way];
  await way.before?.(bed);
  const dying = WatchedController.start(bed, cell);
  const accepted = await goTheWay(bed, dying, way);
  const end = await dying.end(diesWithinMs);
  await way.after?.(bed);
  if (end === null) {
    process.kill(dying.pid, "SIGKILL");
    await dying.done;
  }
  const missed = notThere(cell, end);
  const reached = missed.length === 0;
  const saved = await persistedApp(bed);
  const client = await successor(bed);
  if (typeof client === "string") {
    return { summary: "no successor", reached, faults: [`the next one ended: ${client}`] };
  }
  const faults = [
    ...missed,
    ...(accepted && saved !== null && accepted > saved.releases
      ? [`release ${accepted} was accepted and is not on disk`]
      : []),
    ...(await faultsAfter(bed, client, { saved, said })),
  ];
  await client.close();
  return { summary: describeSaved(saved), reached, faults };
}

/** The next controller, once nothing is under way; what it said when it ended instead. */
async function successor(bed: AppBed): Promise<ControllerClient | string> {
  const next = WatchedController.start(bed);
  const client = await next.when(isSettled);
  if (client !== null) return client;
  const { code, stderr } = await next.done;
  // One that died before it had seen the old one gone is none: that takes its lock back, and says so.
  if (code !== exitCodeOf("CONTROLLER_RUNNING")) return stderr;
  const another = WatchedController.start(bed);
  return (await another.when(isSettled)) ?? (await another.done).stderr;
}

/** The number of the release that was accepted on the way; null when none was. */
async function goTheWay(
  bed: AppBed,
  controller: WatchedController,
  { act }: Way,
): Promise<number | null> {
  const client = await controller.when((status) => act === null || isSettled(status));
  if (client === null || act === null) {
    await client?.close();
    return null;
  }
  try {
    const answer: unknown = await act(bed, client);
    const accepted = z.object({ release: z.number().nullable() }).safeParse(answer);
    return accepted.success ? accepted.data.release : null;
  } catch (thrown) {
    // It died before it answered.
    if (!(thrown instanceof HitlessError) || thrown.code !== "NO_CONTROLLER") throw thrown;
    return null;
  } finally {
    await client.close();
  }
}

/** The evidence that it died of its own `kill -9`, and at that line. */
function notThere(cell: Cell, end: CommandResult | null): readonly string[] {
  if (end === null) return [`${nameOf(cell)} was not reached within ${diesWithinMs} ms`];
  const { signal, stderr } = end;
  const there = stderr.endsWith(`failpoint ${nameOf(cell)}\n`);
  return signal === "SIGKILL" && there ? [] : [`it ended elsewhere: ${signal}: ${stderr}`];
}

async function faultsAfter(
  bed: AppBed,
  client: ControllerClient,
  { saved, said }: { readonly saved: SavedApp | null; readonly said: Said },
): Promise<readonly string[]> {
  const status = await client.status();
  const { stable, desired } = status;
  const replicas = saved?.desired.replicas ?? desired.replicas;
  const revision = (saved === null ? stable : standOf(saved)) ?? 0;
  return [
    ...(await faultsOf(bed, status, { revision, replicas, ...said })),
    ...(await historyFaults(client, saved)),
    ...(await levelFaults(bed, status)),
    ...(await leftovers(bed, revision)),
  ];
}

/** The revision that has to serve once what was on disk has ended as it should. */
function standOf({ stable, release }: SavedApp): number | null {
  if (release === null) return stable;
  return release.direction === "forward" ? release.to : release.from;
}

async function historyFaults(
  client: ControllerClient,
  saved: SavedApp | null,
): Promise<readonly string[]> {
  const rows = await client.history();
  const ids = rows.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  const release = saved?.release ?? null;
  const wanted = release?.direction === "back" ? "aborted" : "succeeded";
  const outcome = rows.find(({ id }) => id === release?.id)?.outcome;
  const releases = saved?.releases ?? 1;
  return [
    ...twice.map((id) => `release ${id} is twice in history`),
    ...(rows.length === releases ? [] : [`${rows.length} rows for ${releases} releases`]),
    ...(release === null || outcome === wanted
      ? []
      : [`release ${release.id}: ${outcome}, not ${wanted}`]),
  ];
}

/** The engine's own file: exactly the replicas that are wanted, each once, and of nobody else. */
async function levelFaults(bed: AppBed, status: StatusReport): Promise<readonly string[]> {
  const text = await readFile(join(bed.dir, ".hitless", "engine.json"), "utf8");
  const { revisions, replicas } = engineFile.parse(JSON.parse(text)).value;
  const { stable, desired } = status;
  const wrong = revisions.filter(
    ({ revision, level }) => level !== (revision === stable ? desired.replicas : 0),
  );
  const [saved, shown] = [replicas, status.replicas].map((list) => list.map(({ id }) => id));
  const same = JSON.stringify(saved?.toSorted()) === JSON.stringify(shown?.toSorted());
  return [
    ...wrong.map(({ revision, level }) => `revision ${revision} has level ${level}`),
    ...(same ? [] : [`${shown} are shown, ${saved} are saved`]),
  ];
}

/** With one revision to keep, all of every other has to be gone: its file, its folder, what was half made. */
async function leftovers(bed: AppBed, revision: number): Promise<readonly string[]> {
  const root = join(bed.dir, ".hitless");
  const kept = new Set([`${revision}.json`, `${revision}`, `${revision}.checkout.json`]);
  const lists = ["revisions", "checkouts"].map(async (folder) =>
    (await readdir(join(root, folder)))
      .filter((name) => !kept.has(name.replace(/\.copy$/, "")))
      .map((n) => `${folder}/${n}`),
  );
  const all = await readdir(root, { recursive: true });
  const torn = all.filter((path) => path.includes(".tmp-") && !path.startsWith("checkouts/"));
  const files = await readdir(join(root, "artifacts", "manifests"));
  const manifests = files.filter((name) => name.endsWith(".json")).slice(1);
  return [
    ...(await Promise.all(lists)).flat(),
    ...torn,
    ...manifests.map((name) => `one of two artifacts: ${name}`),
  ].map((path) => `left in .hitless: ${path}`);
}

function describeSaved(saved: SavedApp | null): string {
  if (saved === null) return "nothing saved";
  const { release, stable } = saved;
  return release === null
    ? `on ${stable}`
    : `release ${release.id} ${release.direction} to ${release.direction === "forward" ? release.to : release.from}`;
}
