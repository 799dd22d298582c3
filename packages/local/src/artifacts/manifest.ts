import { createHash } from "node:crypto";
import { HitlessError } from "@hitless/core";
import { z } from "zod";

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

const manifestSchema = z.object({ version: z.literal(1), entries: z.array(entrySchema) });

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

/** The text of a manifest file. */
export function encodeManifest({ entries }: Manifest): string {
  return JSON.stringify({ version: 1, entries });
}

/**
 * Reads what `encodeManifest` wrote. Throws `STATE_UNREADABLE` when the value has another shape or
 * version, or its entries are not those that `digest` was taken over.
 */
export function parseManifest(value: unknown, digest: string): Manifest {
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw unreadable(digest, parsed.error);
  const { entries } = parsed.data;
  if (digestOfEntries(entries) !== digest) throw unreadable(digest);
  return { digest, entries };
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

function unreadable(digest: string, cause?: unknown): HitlessError {
  return new HitlessError("STATE_UNREADABLE", `the manifest of artifact ${digest} is damaged`, {
    next: "restore .hitless/artifacts from a backup, or release again from the source folder",
    cause,
  });
}
