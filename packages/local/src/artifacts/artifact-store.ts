import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { failpoint, HitlessError } from "@hitless/core";
import { explainDisk } from "../state/disk-fault.ts";
import { hasErrno } from "../state/errno.ts";
import type { VersionedFile } from "../state/versioned-file.ts";
import type { ArtifactSource } from "./artifact-source.ts";
import { BlobStore } from "./blob-store.ts";
import { checkOut, removeCheckout } from "./checkout.ts";
import { type CheckoutDifference, compareCheckout } from "./checkout-difference.ts";
import { hashFile } from "./file-hash.ts";
import { FileIndex, type KnownFile } from "./file-index.ts";
import { blobKey } from "./file-mode.ts";
import { inParallel } from "./in-parallel.ts";
import {
  isDigest,
  type Manifest,
  type ManifestEntry,
  type ManifestFile,
  makeManifest,
  manifestFile,
  manifestsIn,
  totalsOf,
} from "./manifest.ts";
import type { Persist } from "./persist-links.ts";
import { unreadableSource } from "./source-error.ts";
import { listSource, type SourceFile, type SourceTree } from "./source-tree.ts";
import { StagedBlobs } from "./staged-blobs.ts";
import { TimeSlice } from "./time-slice.ts";
import { Turns } from "./turns.ts";

const filesAtOnce = 16;

/** The `files` form of core's `Artifact`. */
export interface StoredArtifact {
  readonly kind: "files";
  /** SHA-256 over paths, modes, link targets and bytes, 64 hexadecimal digits. */
  readonly digest: string;
  /** Regular files, folders and links not counted. */
  readonly files: number;
  readonly bytes: number;
}

/** How far a capture has come. */
export interface CaptureProgress {
  readonly files: number;
  readonly bytes: number;
}

/**
 * The artifacts of one app on one machine, by content: `manifests/<digest>.json` says what an artifact
 * consists of, `blobs/` holds the bytes, `index/` remembers which source files are unchanged,
 * `staging/` what is being written. No file of the user's is ever linked. Within one process every
 * method may be called at any time; `gc` must not run while another process captures.
 * A full disk is `DISK_FULL` and leaves nothing half-made.
 */
export class LocalArtifactStore {
  readonly #root: string;
  readonly #blobs: BlobStore;
  readonly #index: FileIndex;
  readonly #turns = new Turns();

  /** `root` is `.hitless/artifacts`; it is made (0o700) at the first capture. */
  constructor(root: string) {
    this.#root = resolve(root);
    this.#blobs = new BlobStore(join(this.#root, "blobs"));
    this.#index = new FileIndex(join(this.#root, "index"));
  }

  /**
   * Stores the source folder as it is now. `progress` is told after each file. Throws `FILE_NOT_FOUND` or
   * `BAD_INPUT` when the folder, or something in it, is missing, unreadable or cannot be copied.
   */
  capture(
    source: ArtifactSource,
    signal?: AbortSignal,
    progress?: (done: CaptureProgress) => void,
  ): Promise<StoredArtifact> {
    return this.#turn("store", () => this.#capture(source, signal, progress));
  }

  /** What `capture` would return now. Stores nothing and needs no store. */
  async digestOf(source: ArtifactSource, signal?: AbortSignal): Promise<StoredArtifact> {
    const tree = await listSource(this.#guarded(source), signal);
    const known = await this.#index.load(tree.root);
    const entries = await entriesOf(
      tree,
      async (file) =>
        toManifestFile({
          ...file,
          ...(known(file) ?? (await hashFile(join(tree.root, file.path), signal))),
        }),
      signal,
    );
    return toArtifact(makeManifest(entries));
  }

  /**
   * Makes `target` the folder of an artifact, once per revision: its replicas share it. Files are copies
   * that the owner may write, except public ones over 1 MB, which are read-only links to the store.
   * Where the folder is complete already, only the links are checked. Throws `STATE_UNREADABLE` when
   * stored bytes are damaged or missing, `BAD_INPUT` for an impossible `persist` name, `REFUSED` when
   * something else stands at `target`.
   */
  checkout(
    digest: string,
    target: string,
    options: { readonly persist: Persist; readonly signal?: AbortSignal },
  ): Promise<void> {
    const order = {
      digest,
      target: resolve(target),
      persist: options.persist,
      manifest: () => this.#manifest(digest),
    };
    return this.#turn(order.target, () => checkOut(this.#blobs, order, options.signal));
  }

  /** Removes what `checkout` made. The persisted folders stay. */
  removeCheckout(target: string): Promise<void> {
    return this.#turn(resolve(target), () => removeCheckout(resolve(target)));
  }

  /** Where a checkout differs from its artifact, by reading all of it; the app itself may be the cause. */
  async verify(
    digest: string,
    target: string,
    signal?: AbortSignal,
  ): Promise<readonly CheckoutDifference[]> {
    const { entries } = await this.#manifest(digest);
    return compareCheckout(entries, target, signal);
  }

  async has(digest: string): Promise<boolean> {
    return (await this.list()).includes(digest);
  }

  /** Digests of all stored artifacts, sorted. */
  async list(): Promise<readonly string[]> {
    return manifestsIn(this.#folder("manifests"));
  }

  /** Forgets an artifact. Its bytes stay until `gc`; checkouts are not touched. */
  remove(digest: string): Promise<void> {
    return this.#turn("store", () => this.#manifestFile(digest).remove());
  }

  /**
   * Removes every artifact that is not in `keep`, every blob that no remaining one needs, and what a
   * capture that was killed left behind. When a manifest to keep cannot be read, nothing is removed.
   */
  gc(keep: readonly string[]): Promise<{ readonly artifacts: number; readonly blobs: number }> {
    return this.#turn("store", () => this.#gc(new Set(keep)));
  }

  /**
   * Removes one artifact and the blobs that only it needed. Unlike `gc` it leaves alone what was
   * captured a moment ago and is in no list yet.
   */
  async discard(digest: string): Promise<void> {
    await this.#turn("store", async () => {
      const others = (await this.list()).filter((each) => each !== digest);
      return this.#gc(new Set(others));
    });
  }

  async #capture(
    source: ArtifactSource,
    signal?: AbortSignal,
    progress?: (done: CaptureProgress) => void,
  ): Promise<StoredArtifact> {
    await mkdir(this.#folder("manifests"), { recursive: true, mode: 0o700 });
    const start = await this.#index.begin();
    const tree = await listSource(this.#guarded(source), signal);
    const known = await this.#index.load(tree.root);
    const stage = await StagedBlobs.open(this.#blobs, this.#folder("staging"));
    try {
      const done = { files: 0, bytes: 0 };
      const seen: KnownFile[] = [];
      const entries = await entriesOf(
        tree,
        async (file) => {
          const stored = await store(stage, tree.root, { ...file, ...known(file) });
          seen.push({ ...file, ...stored, kind: "file" });
          done.files += 1;
          done.bytes += stored.size;
          progress?.({ ...done });
          return stored;
        },
        signal,
      );
      await failpoint("blobs-staged");
      await stage.publish(signal);
      await failpoint("blobs-published");
      const manifest = makeManifest(entries);
      await this.#manifestFile(manifest.digest).write(manifest);
      await failpoint("manifest-written");
      await this.#index.save(tree.root, start, seen);
      return toArtifact(manifest);
    } finally {
      await stage[Symbol.asyncDispose]();
    }
  }

  async #gc(keep: ReadonlySet<string>): Promise<{ artifacts: number; blobs: number }> {
    const all = await this.list();
    const needed = new Set<string>();
    for (const digest of all.filter((each) => keep.has(each))) {
      for (const entry of (await this.#manifest(digest)).entries) {
        if (entry.kind === "file") needed.add(blobKey(entry));
      }
    }
    const dropped = all.filter((digest) => !keep.has(digest));
    for (const digest of dropped) await this.#manifestFile(digest).remove();
    const orphans = [...(await this.#blobs.list())].filter((key) => !needed.has(key));
    await inParallel(orphans, filesAtOnce, (key) => this.#blobs.remove(key));
    await rm(this.#folder("staging"), { recursive: true, force: true });
    return { artifacts: dropped.length, blobs: orphans.length };
  }

  async #manifest(digest: string): Promise<Manifest> {
    const manifest = await this.#manifestFile(digest).read();
    if (manifest !== null) return manifest;
    throw new HitlessError("STATE_UNREADABLE", `artifact ${digest} is not in ${this.#root}`, {
      next: "release again from the source folder, or restore .hitless/artifacts from a backup",
    });
  }

  #turn<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(key, () => explainDisk(this.#root, work));
  }

  /** The store may lie below the source folder, under whatever name. */
  #guarded(source: ArtifactSource): ArtifactSource {
    return { ...source, never: [...source.never, this.#root] };
  }

  #folder(name: "manifests" | "staging"): string {
    return join(this.#root, name);
  }

  #manifestFile(digest: string): VersionedFile<Manifest> {
    if (isDigest(digest)) return manifestFile(this.#folder("manifests"), digest);
    throw new HitlessError(
      "BAD_INPUT",
      `${JSON.stringify(digest)} is not the digest of an artifact`,
    );
  }
}

/** A file whose hash is known is read again only when the store has lost its bytes. */
async function store(
  stage: StagedBlobs,
  root: string,
  file: SourceFile & { readonly sha256?: string },
): Promise<ManifestFile> {
  if (file.sha256 !== undefined) {
    const known = toManifestFile({ ...file, sha256: file.sha256 });
    if (stage.has(known)) return known;
  }
  return stage.add(join(root, file.path), file);
}

/** Turns the tree into manifest entries; a file that vanished since it was listed is left out. */
async function entriesOf(
  tree: SourceTree,
  read: (file: SourceFile) => Promise<ManifestFile>,
  signal?: AbortSignal,
): Promise<readonly ManifestEntry[]> {
  const entries: ManifestEntry[] = [];
  const slice = new TimeSlice();
  await inParallel(tree.entries, filesAtOnce, async (entry) => {
    await slice.share(signal);
    if (entry.kind !== "file") {
      entries.push(entry);
      return;
    }
    try {
      entries.push(await read(entry));
    } catch (error) {
      if (hasErrno(error, "EACCES", "EPERM", "EIO"))
        throw unreadableSource(join(tree.root, entry.path), error);
      if (!hasErrno(error, "ENOENT")) throw error;
    }
  });
  return entries;
}

function toManifestFile({
  path,
  mode,
  size,
  sha256,
}: SourceFile & { readonly sha256: string }): ManifestFile {
  return { kind: "file", path, mode, size, sha256 };
}

function toArtifact(manifest: Manifest): StoredArtifact {
  return { kind: "files", digest: manifest.digest, ...totalsOf(manifest) };
}
