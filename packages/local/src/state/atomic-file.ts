import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { failpoint, HitlessError } from "@hitless/core";

export interface AtomicWriteOptions {
  /** Permission bits of the new file, whatever the umask. Default 0o600. */
  readonly mode?: number;
}

/**
 * Replaces the file at `path` so that a reader, or a machine that lost power, sees the old bytes or
 * the new ones and never a mixture: temporary file in the same folder, fsync, rename, fsync of the
 * folder. The folder must exist. Rejects with the system's own error; nothing half-made stays.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o600 }: AtomicWriteOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp-${randomUUID()}`);
  try {
    await failpoint("file-due");
    await writeDurably(temporary, data, mode);
    await failpoint("file-written");
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await failpoint("file-renamed");
  await syncPath(dirname(path));
}

/**
 * The JSON value in the file at `path`, or undefined when there is no such file. What it means is
 * for the caller to parse. Throws `STATE_UNREADABLE` when the bytes are no JSON.
 */
export async function readJsonIfPresent(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return undefined;
    throw error;
  }
  return parseJson(text, path);
}

/** Whether a file of this name is one that `writeFileAtomic` was killed over. */
export function isTemporary(name: string): boolean {
  return /^\..+\.tmp-[0-9a-f-]{36}$/.test(name);
}

/** Waits until what was written to the file or folder at `path` is on the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether the system reported one of these codes, `hasErrno(error, 'ENOENT', 'ENOTDIR')`. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error && "code" in error)) return false;
  return typeof error.code === "string" && codes.includes(error.code);
}

async function writeDurably(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(path, error);
  }
}

function notJson(path: string, cause: unknown): HitlessError {
  return new HitlessError("STATE_UNREADABLE", `${path} does not hold JSON`, {
    next: "restore it from a backup: Hitless writes it whole, so a program or the disk changed it",
    cause,
  });
}
