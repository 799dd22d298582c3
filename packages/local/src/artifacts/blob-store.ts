import { constants } from "node:fs";
import { chmod, copyFile, link, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HitlessError } from "@hitless/core";
import { hasErrno } from "../state/errno.ts";
import { hashBytes, hashFile } from "./file-hash.ts";
import { blobKey, isLinkable, linkAboveBytes } from "./file-mode.ts";
import type { ManifestFile } from "./manifest.ts";

const keyShape = /^[0-9a-f]{64}(?:\.x)?$/u;

/**
 * The bytes of files, each content once: `<folder>/aa/bbbb…`, read-only, named by SHA-256. A linkable
 * blob has a `.stamp` beside it (size, mtime, inode when it was last known to be intact), since root
 * can write through a hard link whatever its mode says.
 */
export class BlobStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(key: string): string {
    return join(this.#folder, key.slice(0, 2), key.slice(2));
  }

  /** Keys of all blobs. */
  async list(): Promise<Set<string>> {
    const names = await readdir(this.#folder, { recursive: true }).catch(emptyIfAbsent);
    return new Set(names.map((name) => name.replace("/", "")).filter((key) => keyShape.test(key)));
  }

  /** Removes a blob. A checkout that links it keeps its bytes. */
  async remove(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
    await rm(`${this.path(key)}.stamp`, { force: true });
  }

  /**
   * Makes the file of a manifest at `target`: a link where the blob may be shared, else a copy
   * that the owner can write. Throws `STATE_UNREADABLE` when the stored bytes are damaged.
   */
  async place(file: ManifestFile, target: string, signal?: AbortSignal): Promise<"link" | "copy"> {
    if (isLinkable(file) && (await this.#linked(file, target, signal))) return "link";
    const intact =
      file.size > linkAboveBytes
        ? await this.#copyLarge(file, target, signal)
        : await this.#copySmall(file, target);
    if (!intact) throw await this.#damaged(file);
    return "copy";
  }

  /** Throws `STATE_UNREADABLE` when a file placed as a link no longer has the bytes it was made of. */
  async checkLinked(file: ManifestFile, target: string, signal?: AbortSignal): Promise<void> {
    const stamp = await stampOf(target);
    if (stamp === undefined) return;
    const noted = await this.#notedStamp(file);
    if (noted === stamp) return;
    // Another inode is a file that the app made in place of ours, as it may.
    if (noted !== undefined && inodeOf(noted) !== inodeOf(stamp)) return;
    if ((await hashFile(target, signal)).sha256 !== file.sha256) throw await this.#damaged(file);
    await this.noteIntact(file);
  }

  /** Remembers that a linkable blob was just seen to have the right bytes. */
  async noteIntact(file: ManifestFile): Promise<void> {
    const path = this.path(blobKey(file));
    const stamp = await stampOf(path);
    if (stamp !== undefined) await writeFile(`${path}.stamp`, stamp, { mode: 0o600 });
  }

  async #linked(file: ManifestFile, target: string, signal?: AbortSignal): Promise<boolean> {
    const blob = this.path(blobKey(file));
    if ((await stampOf(blob)) === undefined) throw await this.#damaged(file);
    await this.checkLinked(file, blob, signal);
    try {
      await link(blob, target);
      return true;
    } catch (error) {
      // No links across file systems, on some none at all, and only so many to one inode.
      if (hasErrno(error, "EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP")) return false;
      throw error;
    }
  }

  async #copySmall(file: ManifestFile, target: string): Promise<boolean> {
    const data = await readFile(this.path(blobKey(file))).catch(undefinedIfAbsent);
    if (data === undefined || hashBytes(data).sha256 !== file.sha256) return false;
    await writeFile(target, data, { mode: file.mode, flag: "wx" });
    await chmod(target, file.mode);
    return true;
  }

  async #copyLarge(file: ManifestFile, target: string, signal?: AbortSignal): Promise<boolean> {
    const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants;
    const blob = this.path(blobKey(file));
    if ((await stampOf(blob)) === undefined) return false;
    await copyFile(blob, target, COPYFILE_EXCL | COPYFILE_FICLONE);
    await chmod(target, file.mode);
    return (await hashFile(target, signal)).sha256 === file.sha256;
  }

  async #notedStamp(file: ManifestFile): Promise<string | undefined> {
    return readFile(`${this.path(blobKey(file))}.stamp`, "utf8").catch(undefinedIfAbsent);
  }

  /** Drops the bad bytes, so that the next capture of the same content stores them anew. */
  async #damaged(file: ManifestFile): Promise<HitlessError> {
    const key = blobKey(file);
    await this.remove(key);
    return new HitlessError(
      "STATE_UNREADABLE",
      `the stored copy of ${JSON.stringify(file.path)} is damaged or missing (blob ${key})`,
      { next: "release again from the source folder, or restore .hitless/artifacts from a backup" },
    );
  }
}

async function stampOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(undefinedIfAbsent);
  return stats === undefined ? undefined : `${stats.size} ${stats.mtimeNs} ${stats.ino}`;
}

function inodeOf(stamp: string): string | undefined {
  return stamp.split(" ")[2];
}

function emptyIfAbsent(error: unknown): string[] {
  if (hasErrno(error, "ENOENT")) return [];
  throw error;
}

function undefinedIfAbsent(error: unknown): undefined {
  if (hasErrno(error, "ENOENT")) return undefined;
  throw error;
}
