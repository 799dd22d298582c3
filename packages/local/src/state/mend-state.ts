import { join } from "node:path";
import {
  type App,
  appEventShape,
  appShape,
  auditEntryShape,
  HitlessError,
  hookNotesShape,
  outboxShape,
  type ReleaseRecord,
  releaseRecordShape,
  revisionShape,
} from "@hitless/core";
import { markersIn } from "../artifacts/checkout.ts";
import { manifestFile, manifestsIn } from "../artifacts/manifest.ts";
import { engineStateShape } from "../engine-state.ts";
import { LineLog } from "./line-log.ts";
import type { StateFolder } from "./state-folder.ts";
import { VersionedFile, versionedIn } from "./versioned-file.ts";

/**
 * Makes a state folder whole before it is acted on: every file and its copy the same and of this
 * version. Returns what was wrong, in sentences; most often
 * nothing. For the holder of the lock alone. Throws STATE_UNREADABLE for what nothing can be made
 * of, or what a newer Hitless wrote, NO_PERMISSION, DISK_FULL, DISK_FAILED, each with the path.
 */
export async function mendState(folder: StateFolder): Promise<readonly string[]> {
  const damage: string[] = [];
  for (const file of await stateFiles(folder)) damage.push(...(await file.mend()));
  const history = await new LineLog(folder.history, releaseRecordShape).examine();
  const events = await new LineLog(folder.events, appEventShape).examine();
  const audit = await new LineLog(folder.audit, auditEntryShape).examine();
  const app = await new VersionedFile(folder.app, appShape).read();
  await refuseHoles(folder, app, history.values);
  return [
    ...damage,
    ...history.damage,
    ...missingRows(folder, app, history.values),
    ...events.damage,
    ...audit.damage,
  ];
}

/** All that is kept in a file with a copy. */
export async function stateFiles(folder: StateFolder): Promise<readonly VersionedFile<unknown>[]> {
  const manifests = join(folder.artifacts, "manifests");
  return [
    new VersionedFile(folder.app, appShape),
    new VersionedFile(folder.engine, engineStateShape),
    new VersionedFile(folder.hooks, hookNotesShape),
    new VersionedFile(folder.notices, outboxShape),
    ...(await versionedIn(folder.revisions)).map(
      (name) => new VersionedFile(join(folder.revisions, name), revisionShape),
    ),
    ...(await manifestsIn(manifests)).map((digest) => manifestFile(manifests, digest)),
    ...(await markersIn(folder.checkouts)),
  ];
}

/** What the other files speak of and nobody can find: to begin anew would forget it. */
async function refuseHoles(
  folder: StateFolder,
  app: App | null,
  rows: readonly ReleaseRecord[],
): Promise<void> {
  if (app === null) {
    const engine = await new VersionedFile(folder.engine, engineStateShape).read();
    if (rows.length > 0) throw missing(folder.app, `${folder.history} has ${rows.length} releases`);
    if (engine !== null && engine.revisions.length > 0)
      throw missing(folder.app, `${folder.engine} has replicas of it`);
    return;
  }
  const { stable, release, pending } = app;
  for (const number of [stable, release?.from, release?.to, pending?.to]) {
    if (number === null || number === undefined) continue;
    const path = join(folder.revisions, `${number}.json`);
    if ((await new VersionedFile(path, revisionShape).read()) === null)
      throw missing(path, `${folder.app} needs it`);
  }
}

function missing(path: string, because: string): HitlessError {
  return new HitlessError("STATE_UNREADABLE", `${path} is missing, but ${because}`, {
    next: "Restore it from a backup of the folder. Nothing was changed, and what runs goes on serving.",
  });
}

/** A line that was lost with the power leaves no other trace than the number of rows. */
function missingRows(
  folder: StateFolder,
  app: App | null,
  rows: readonly ReleaseRecord[],
): readonly string[] {
  if (app === null) return [];
  // The row of the release under way is there when it was just about to end.
  const ids = new Set(rows.map((row) => row.id));
  const ended = ids.size - (app.release !== null && ids.has(app.release.id) ? 1 : 0);
  return ended >= app.ended
    ? []
    : [`${folder.history} has ${ended} of ${app.ended} releases that have ended`];
}
