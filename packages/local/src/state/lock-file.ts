import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { failpoint } from "@hitless/core";
import { z } from "zod";
import type { ProcessIdentity } from "../processes/process-identity.ts";
import { syncPath } from "./atomic-file.ts";
import { hasErrno } from "./errno.ts";

/** Nobody needs the guard of the lock for longer, ms. */
const guardMs = 5000;

const identity = z.object({ bootId: z.string(), pid: z.number(), startTime: z.string() });
const lockFile = z.object({
  schema: z.int().positive(),
  process: identity,
  ends: z.array(identity).default([]),
  watchedUntil: z.number().nullable().optional(),
});

/** What the lock file says. */
export interface LockClaim {
  /** Who holds it, dead or alive; null when the file is damaged. */
  readonly process: ProcessIdentity | null;
  /** Controllers that lost the lock to this one and were not seen gone yet. */
  readonly ends: readonly ProcessIdentity[];
  /** When its holder last renewed it, by the holder's wall clock. */
  readonly lastSeen: number;
  /** When somebody last watched the app, which the holder may not have taken up yet; null: unknown. */
  readonly watchedUntil: number | null;
}

/** What is written into the lock file. */
interface WrittenClaim extends Pick<LockClaim, "process" | "ends"> {
  /** Undefined: the holder itself watches the app. */
  readonly watchedUntil?: number | null | undefined;
}

/** What is written at `path`; null when there is no such file. */
export async function readClaim(path: string): Promise<LockClaim | null> {
  try {
    const text = await readFile(path, "utf8");
    const { mtimeMs } = await stat(path);
    const { watchedUntil = mtimeMs, ...claim } = parseClaim(text);
    return { ...claim, watchedUntil, lastSeen: mtimeMs };
  } catch (cause) {
    if (hasErrno(cause, "ENOENT")) return null;
    throw cause;
  }
}

/** Who holds the lock by its text; null when that is damaged. */
export function parseClaim(text: string): WrittenClaim {
  const parsed = lockFile.safeParse(jsonOrNull(text));
  return parsed.success ? parsed.data : { process: null, ends: [], watchedUntil: null };
}

/** Whether two readings show the same, not renewed in between. */
export function isUnchanged(one: LockClaim | null, other: LockClaim | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Writes the lock, under the guard that it belongs to; false when that was broken: nothing is written. */
export type WriteClaim = (claim: WrittenClaim) => Promise<boolean>;

/**
 * One at a time looks at the lock and takes it: two that find the same dead lock must not both
 * have it. The guard is a folder with a page in it that only its maker knows the name of; the lock
 * is written on that page and then moved into its place. One that stands for longer than anybody
 * needs it was left behind by a crash, or its maker was stopped: it is broken, with its page, and
 * a maker that goes on after that has nothing left to move.
 */
export async function guarded<T>(
  path: string,
  work: (write: WriteClaim) => Promise<T>,
): Promise<T> {
  const guard = `${path}.guard`;
  const page = `claim-${randomUUID()}`;
  let seen: { readonly pages: readonly string[]; readonly at: number } = {
    pages: [],
    at: performance.now(),
  };
  while (!(await madeGuard(guard, page))) {
    const pages = await pagesOf(guard);
    if (pages.join() !== seen.pages.join()) seen = { pages, at: performance.now() };
    // By our own steady clock: the time of the folder means nothing after a jump.
    if (performance.now() - seen.at > guardMs) await breakGuard(guard, pages);
    else await new Promise((resolve) => setTimeout(resolve, 10));
  }
  try {
    return await work((claim) => moveInto(path, join(guard, page), claim));
  } finally {
    await breakGuard(guard, [page]);
  }
}

/** Made beside it and moved into place whole: a guard with a page in it is never replaced. */
async function madeGuard(guard: string, page: string): Promise<boolean> {
  const made = `${guard}-${page}`;
  await mkdir(made);
  try {
    await writeFile(join(made, page), "", { mode: 0o600 });
    await rename(made, guard);
    return true;
  } catch (cause) {
    await rm(made, { recursive: true, force: true });
    if (hasErrno(cause, "ENOTEMPTY", "EEXIST")) return false;
    throw cause;
  }
}

async function pagesOf(guard: string): Promise<readonly string[]> {
  return readdir(guard).catch(() => []);
}

/** Takes those pages away, and the guard when no other is in it. */
async function breakGuard(guard: string, pages: readonly string[]): Promise<void> {
  for (const page of pages) await rm(join(guard, page), { force: true });
  await rmdir(guard).catch(() => null);
}

async function moveInto(path: string, page: string, claim: WrittenClaim): Promise<boolean> {
  try {
    // Opened, not made: in a guard of somebody else there is no such page.
    await writeFile(page, `${JSON.stringify({ schema: 1, ...claim })}\n`, {
      flag: "r+",
      flush: true,
    });
    await failpoint("lock-written");
    await rename(page, path);
  } catch (cause) {
    if (hasErrno(cause, "ENOENT")) return false;
    throw cause;
  }
  await syncPath(dirname(path));
  return true;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
