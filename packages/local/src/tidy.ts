import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { type App, type ReleaseStore, type Revision, references } from "@hitless/core";
import type { LocalArtifactStore } from "./artifacts/artifact-store.ts";
import { loadEngineState } from "./engine-state.ts";
import { isTemporary } from "./state/atomic-file.ts";
import { hasErrno } from "./state/errno.ts";
import type { StateFolder } from "./state/state-folder.ts";

export interface TidyOptions {
  readonly folder: StateFolder;
  readonly store: ReleaseStore;
  readonly artifacts: LocalArtifactStore;
  /** As it was saved; null before the first release. */
  readonly app: App | null;
}

/**
 * Removes what a controller left that was killed in the middle of a line: files half written,
 * revisions that no release came to, artifacts of no revision. Returns what it removed, in words.
 * Only the holder of the lock may call it, before it captures anything. Nothing is removed when
 * anything that says what is needed cannot be read: that is thrown.
 */
export async function tidyState(options: TidyOptions): Promise<readonly string[]> {
  const needed = await neededRevisions(options);
  const { store, artifacts } = options;
  const numbers = needed === null ? [] : await store.revisions();
  const kept = numbers.filter((n) => needed?.has(n));
  const revisions = await Promise.all(kept.map((n) => store.revision(n)));
  const orphans = numbers.filter((n) => !needed?.has(n));
  for (const number of orphans) await store.removeRevision(number);
  if (needed !== null) await artifacts.gc(revisions.flatMap(digestsOf));
  return [
    ...orphans.map((number) => `revision ${number}, which no release came to`),
    ...(await removeHalfWritten(options.folder)),
  ];
}

/** Null when that is not known: an app that was lost is no reason to throw away its revisions. */
async function neededRevisions(options: TidyOptions): Promise<ReadonlySet<number> | null> {
  const { folder, store, app } = options;
  const { revisions, replicas } = await loadEngineState(folder.engine, app !== null);
  if (app === null) {
    const served = revisions.length + (await store.history()).length;
    return served === 0 ? new Set() : null;
  }
  const running = [...revisions, ...replicas].map((r) => r.revision);
  return new Set([...app.served, ...references(app), ...running]);
}

function digestsOf(revision: Revision | null): string[] {
  return revision?.artifact.kind === "files" ? [revision.artifact.digest] : [];
}

/** All but the note of the sockets, which another command may be writing at this moment. */
async function removeHalfWritten(folder: StateFolder): Promise<readonly string[]> {
  const manifests = join(folder.artifacts, "manifests");
  const found: string[] = [];
  for (const dir of [folder.root, folder.revisions, folder.checkouts, manifests]) {
    for (const name of await namesIn(dir)) {
      if (isTemporary(name) && !name.startsWith(".sockets.json")) found.push(join(dir, name));
    }
  }
  for (const path of found) await rm(path, { force: true });
  return found.map((path) => `${basename(path)}, which was half written`);
}

async function namesIn(dir: string): Promise<readonly string[]> {
  return readdir(dir).catch((cause: unknown) => {
    if (hasErrno(cause, "ENOENT")) return [];
    throw cause;
  });
}
