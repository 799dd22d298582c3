import { randomUUID } from "node:crypto";
import { constants, mkdirSync, renameSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BlobStore } from "./blob-store.ts";
import { hashBytes, hashFile } from "./file-hash.ts";
import type { KnownBytes } from "./file-index.ts";
import { blobKey, isLinkable, linkAboveBytes } from "./file-mode.ts";
import { flushFilesystem } from "./flush-filesystem.ts";
import type { ManifestFile } from "./manifest.ts";
import { TimeSlice } from "./time-slice.ts";

/**
 * Blobs on their way into the store. They are written to a folder of their own and get their names
 * only once all of them are on the disk: a blob that has a name has its bytes, also after a power cut.
 */
export class StagedBlobs implements AsyncDisposable {
  readonly #blobs: BlobStore;
  readonly #folder: string;
  readonly #present: Set<string>;
  readonly #staged = new Map<string, ManifestFile>();

  private constructor(blobs: BlobStore, folder: string, present: Set<string>) {
    this.#blobs = blobs;
    this.#folder = folder;
    this.#present = present;
  }

  /** Opens a stage below `parent`. Dispose of it, published or not. */
  static async open(blobs: BlobStore, parent: string): Promise<StagedBlobs> {
    const folder = join(parent, randomUUID());
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new StagedBlobs(blobs, folder, await blobs.list());
  }

  /** Whether the store or this stage already has the bytes. */
  has(file: ManifestFile): boolean {
    const key = blobKey(file);
    return this.#present.has(key) || this.#staged.has(key);
  }

  /**
   * Takes over a file of the source. The hash is over the bytes that were stored, never over a
   * second look at a file that may change meanwhile.
   */
  async add(
    source: string,
    file: { path: string; mode: number; size: number },
  ): Promise<ManifestFile> {
    return file.size > linkAboveBytes
      ? await this.#addLarge(source, file)
      : await this.#addSmall(source, file);
  }

  /** Gives every staged blob its name. */
  async publish(signal?: AbortSignal): Promise<void> {
    if (this.#staged.size === 0) return;
    await flushFilesystem(this.#folder);
    const slice = new TimeSlice();
    const folders = new Set<string>();
    for (const key of this.#staged.keys()) {
      await slice.share(signal);
      const target = this.#blobs.path(key);
      if (!folders.has(dirname(target)))
        mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      folders.add(dirname(target));
      renameSync(join(this.#folder, key), target);
    }
    for (const file of this.#staged.values()) {
      if (isLinkable(file)) await this.#blobs.noteIntact(file);
    }
    await flushFilesystem(this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #addSmall(source: string, file: { path: string; mode: number }): Promise<ManifestFile> {
    const data = await readFile(source);
    const stored = manifestFile(file, hashBytes(data));
    if (this.#claim(stored)) await writeFile(this.#path(stored), data, { mode: blobMode(stored) });
    return stored;
  }

  async #addLarge(source: string, file: { path: string; mode: number }): Promise<ManifestFile> {
    const copy = join(this.#folder, `copy-${randomUUID()}`);
    await copyFile(source, copy, constants.COPYFILE_FICLONE);
    await chmod(copy, 0o600);
    const stored = manifestFile(file, await hashFile(copy));
    if (this.#claim(stored)) {
      await chmod(copy, blobMode(stored));
      await rename(copy, this.#path(stored));
    } else {
      await rm(copy);
    }
    return stored;
  }

  /** True for the first of several files with the same bytes. */
  #claim(file: ManifestFile): boolean {
    if (this.has(file)) return false;
    this.#staged.set(blobKey(file), file);
    return true;
  }

  #path(file: ManifestFile): string {
    return join(this.#folder, blobKey(file));
  }
}

function manifestFile(file: { path: string; mode: number }, bytes: KnownBytes): ManifestFile {
  const { sha256, size } = bytes;
  return { kind: "file", path: file.path, mode: file.mode, size, sha256 };
}

function blobMode(file: ManifestFile): number {
  return blobKey(file) === file.sha256 ? 0o444 : 0o555;
}
