import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { VersionedFile, versionedIn } from "../state/versioned-file.ts";

const entrySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("file"),
    path: z.string(),
    mode: z.number(),
    size: z.number(),
    sha256: z.string(),
  }),
  z.object({ kind: z.literal("dir"), path: z.string(), mode: z.number() }),
  z.object({ kind: z.literal("symlink"), path: z.string(), target: z.string() }),
]);

/** Whether that is how the digest of an artifact is written. */
export function isDigest(digest: string): boolean {
  return /^[0-9a-f]{64}$/u.test(digest);
}

/** The digests of the manifests in a folder, sorted. */
export async function manifestsIn(folder: string): Promise<readonly string[]> {
  const names = await versionedIn(folder);
  return names
    .map((name) => name.replace(/\.json$/, ""))
    .filter(isDigest)
    .toSorted();
}

/** The file of the manifest with this digest: entries that it was not taken over are damage. */
export function manifestFile(folder: string, digest: string): VersionedFile<Manifest> {
  const shape = z
    .object({ entries: z.array(entrySchema) })
    .refine(({ entries }) => digestOfEntries(entries) === digest, {
      error: `its entries are not those of artifact ${digest}`,
    })
    .transform(({ entries }): Manifest => ({ digest, entries }));
  return new VersionedFile(join(folder, `${digest}.json`), shape);
}

/** One thing in an artifact. `path` is relative to its root; `mode` is one of `keptMode`. */
export type ManifestEntry = Readonly<z.infer<typeof entrySchema>>;
export type ManifestFile = Extract<ManifestEntry, { kind: "file" }>;

/** What an artifact consists of, sorted by path so that a folder comes before what is in it. */
export interface Manifest {
  readonly digest: string;
  readonly entries: readonly ManifestEntry[];
}

/** Sorts the entries and takes the digest over paths, modes, link targets and bytes. */
export function makeManifest(unsorted: readonly ManifestEntry[]): Manifest {
  const entries = unsorted.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { digest: digestOfEntries(entries), entries };
}

/** Number of regular files and their bytes together. */
export function totalsOf({ entries }: Manifest): { files: number; bytes: number } {
  const files = entries.filter((entry) => entry.kind === "file");
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) };
}

/** JSON strings are the canonical encoding: no name, however odd, can pass for two fields. */
function digestOfEntries(entries: readonly ManifestEntry[]): string {
  const hash = createHash("sha256").update("hitless artifact 1\n");
  for (const entry of entries) hash.update(`${JSON.stringify(fieldsOf(entry))}\n`);
  return hash.digest("hex");
}

function fieldsOf(entry: ManifestEntry): readonly (string | number)[] {
  switch (entry.kind) {
    case "file":
      return ["file", entry.path, entry.mode, entry.sha256, entry.size];
    case "dir":
      return ["dir", entry.path, entry.mode];
    case "symlink":
      return ["symlink", entry.path, entry.target];
  }
}
