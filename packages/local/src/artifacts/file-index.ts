import { createHash } from "node:crypto";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readJsonIfPresent, writeFileAtomic } from "../state/atomic-file.ts";
import type { SourceFile } from "./source-tree.ts";

const indexSchema = z.object({
  version: z.literal(1),
  root: z.string(),
  files: z.array(z.tuple([z.string(), z.string(), z.string(), z.number()])),
});

/** What a file held when it was last read. */
export interface KnownBytes {
  readonly sha256: string;
  readonly size: number;
}

export type KnownFile = SourceFile & KnownBytes;

/** The moment a capture began, on the clock of the store's file system. */
export interface CaptureStart {
  readonly ns: bigint;
  readonly device: bigint;
}

/**
 * Remembers the hash of files that have not changed since the last capture, one index per source
 * folder. It is a cache: without it, or when it is damaged, every file is read again.
 */
export class FileIndex {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The bytes that each file of `root` is known to hold, while its stamp is the one remembered. */
  async load(root: string): Promise<(file: SourceFile) => KnownBytes | undefined> {
    const parsed = indexSchema.safeParse(await this.#read(root));
    if (!parsed.success || parsed.data.root !== root) return () => undefined;
    const known = new Map(
      parsed.data.files.map(([path, stamp, sha256, size]) => [path, { stamp, sha256, size }]),
    );
    return (file) => {
      const found = known.get(file.path);
      return found?.stamp === file.stamp ? found : undefined;
    };
  }

  /** The moment that `save` needs: taken before the first file is looked at. */
  async begin(): Promise<CaptureStart> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const probe = join(this.#folder, `.clock-${process.pid}-${performance.now()}`);
    try {
      await writeFile(probe, "");
      const { mtimeNs, dev } = await stat(probe, { bigint: true });
      return { ns: mtimeNs, device: dev };
    } finally {
      await rm(probe, { force: true });
    }
  }

  /**
   * Remembers files as they were captured. A "racily clean" one is left out, as git smudges it: when
   * its inode changed in the same tick in which the capture began, or later, a second write
   * could carry the same stamp. The change time is compared, since a program can set the other one.
   */
  async save(root: string, start: CaptureStart, files: readonly KnownFile[]): Promise<void> {
    const settled = files.filter((file) => file.changedNs < settledBefore(start, file));
    const rows = settled.map(({ path, stamp, sha256, size }) => [path, stamp, sha256, size]);
    await writeFileAtomic(this.#path(root), JSON.stringify({ version: 1, root, files: rows }));
  }

  async #read(root: string): Promise<unknown> {
    try {
      return await readJsonIfPresent(this.#path(root));
    } catch {
      // A cache that cannot be read is an empty one.
      return undefined;
    }
  }

  #path(root: string): string {
    const name = createHash("sha256").update(root).digest("hex").slice(0, 32);
    return join(this.#folder, `${name}.json`);
  }
}

/** Another file system may tell time in steps of up to two seconds (FAT). */
function settledBefore(start: CaptureStart, file: SourceFile): bigint {
  return file.device === start.device ? start.ns : start.ns - 2_000_000_000n;
}
