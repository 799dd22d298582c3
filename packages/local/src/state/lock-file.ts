import { mkdir, readFile, rmdir, stat } from "node:fs/promises";
import { z } from "zod";
import type { ProcessIdentity } from "../processes/process-identity.ts";
import { writeFileAtomic } from "./atomic-file.ts";
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

export async function writeClaim(path: string, claim: WrittenClaim): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify({ schema: 1, ...claim })}\n`, { mode: 0o600 });
}

/** Whether two readings show the same, not renewed in between. */
export function isUnchanged(one: LockClaim | null, other: LockClaim | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * One at a time looks at the lock and takes it: two that find the same dead lock must not both
 * have it. The guard is a folder, which only one can make; one that was left behind by a crash
 * stands for longer than anybody needs it.
 */
export async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  const guard = `${path}.guard`;
  let seen = { made: 0, at: performance.now() };
  while (!(await madeFolder(guard))) {
    const made = (await stat(guard).catch(() => null))?.mtimeMs ?? 0;
    if (made !== seen.made) seen = { made, at: performance.now() };
    // By our own steady clock: the time of the folder means nothing after a jump.
    if (performance.now() - seen.at > guardMs) await rmdir(guard).catch(() => null);
    else await new Promise((resolve) => setTimeout(resolve, 10));
  }
  try {
    return await work();
  } finally {
    await rmdir(guard).catch(() => null);
  }
}

async function madeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (cause) {
    if (hasErrno(cause, "EEXIST")) return false;
    throw cause;
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
