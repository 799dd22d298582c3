import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { hasErrno } from "../state/errno.ts";
import { hashFile } from "./file-hash.ts";
import { keptMode } from "./file-mode.ts";
import { inParallel } from "./in-parallel.ts";
import type { ManifestEntry } from "./manifest.ts";

/** Where a folder no longer is what its artifact says. Files that the app added are none. */
export interface CheckoutDifference {
  readonly path: string;
  readonly kind: "missing" | "otherKind" | "otherMode" | "otherBytes" | "otherTarget";
}

/** Reads the whole folder and compares it with the entries; the answer is sorted by path. */
export async function compareCheckout(
  entries: readonly ManifestEntry[],
  folder: string,
  signal?: AbortSignal,
): Promise<readonly CheckoutDifference[]> {
  const differences: CheckoutDifference[] = [];
  await inParallel(entries, 16, async (entry) => {
    signal?.throwIfAborted();
    const kind = await differenceOf(entry, join(folder, entry.path));
    if (kind !== undefined) differences.push({ path: entry.path, kind });
  });
  return differences.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function differenceOf(
  entry: ManifestEntry,
  path: string,
): Promise<CheckoutDifference["kind"] | undefined> {
  try {
    const stats = await lstat(path);
    if (entry.kind === "symlink") {
      if (!stats.isSymbolicLink()) return "otherKind";
      return (await readlink(path)) === entry.target ? undefined : "otherTarget";
    }
    if (entry.kind === "dir") return stats.isDirectory() ? undefined : "otherKind";
    if (!stats.isFile()) return "otherKind";
    // A linked file is read-only, so only the bits that say who may read and run it are compared.
    if ((keptMode(stats.mode) & 0o555) !== (entry.mode & 0o555)) return "otherMode";
    return (await hashFile(path)).sha256 === entry.sha256 ? undefined : "otherBytes";
  } catch (error) {
    if (hasErrno(error, "ENOENT", "ENOTDIR")) return "missing";
    throw error;
  }
}
