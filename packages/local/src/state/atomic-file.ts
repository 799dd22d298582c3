import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { failpoint, HitlessError } from "@hitless/core";
import { explainDisk } from "./disk-fault.ts";
import { hasErrno } from "./errno.ts";

export interface AtomicWriteOptions {
  /** Permission bits of the new file, whatever the umask. Default 0o600. */
  readonly mode?: number;
}

/**
 * Replaces the file at `path` so that a reader, or a machine that lost power, sees the old bytes or
 * the new ones and never a mixture: temporary file in the same folder, fsync, rename, fsync of the
 * folder. The folder must exist. Nothing half-made stays. Throws DISK_FULL, NO_PERMISSION,
 * DISK_FAILED, else the system's own error.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  await writeFilesAtomic([path], data, options);
}

/**
 * The same bytes in several files of one folder, each as `writeFileAtomic` does. None is replaced
 * before all of them are on the disk: where one finds no space, all stay as they were.
 */
export async function writeFilesAtomic(
  paths: readonly string[],
  data: string | Uint8Array,
  { mode = 0o600 }: AtomicWriteOptions = {},
): Promise<void> {
  const [first = ""] = paths;
  await explainDisk(first, async () => {
    const pairs = paths.map((path) => ({ path, temporary: temporaryOf(path) }));
    try {
      await failpoint("file-due");
      const written = await Promise.allSettled(
        pairs.map(({ temporary }) => writeDurably(temporary, data, mode)),
      );
      for (const each of written) if (each.status === "rejected") throw each.reason;
      await failpoint("file-written");
      for (const { path, temporary } of pairs) {
        await rename(temporary, path);
        await failpoint("file-renamed");
      }
    } catch (error) {
      for (const { temporary } of pairs) await rm(temporary, { force: true });
      throw error;
    }
    await syncPath(dirname(first));
  });
}

/**
 * The bytes of the file at `path`, or undefined when there is no such file. Throws NO_PERMISSION,
 * DISK_FAILED.
 */
export function readIfPresent(path: string): Promise<Buffer | undefined> {
  return explainDisk(path, async () => {
    try {
      return await readFile(path);
    } catch (error) {
      if (hasErrno(error, "ENOENT")) return undefined;
      throw error;
    }
  });
}

/**
 * The JSON value in the file at `path`, or undefined when there is no such file. What it means is
 * for the caller to parse. Throws `STATE_UNREADABLE` when the bytes are no JSON.
 */
export async function readJsonIfPresent(path: string): Promise<unknown> {
  const bytes = await readIfPresent(path);
  return bytes === undefined ? undefined : parseJson(bytes.toString("utf8"), path);
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

function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp-${randomUUID()}`);
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
