import { type BigIntStats, lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { HitlessError } from "@hitless/core";
import { hasErrno } from "../state/errno.ts";
import type { ArtifactSource } from "./artifact-source.ts";
import { compileExcludes, type Excludes } from "./exclude-rule.ts";
import { keptMode } from "./file-mode.ts";
import { missingFolder, unreadableSource, unusableName } from "./source-error.ts";
import { TimeSlice } from "./time-slice.ts";

/** A regular file as `lstat` saw it. */
export interface SourceFile {
  readonly kind: "file";
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  /** Equal stamps: the same inode, untouched as far as the file system can tell. */
  readonly stamp: string;
  readonly changedNs: bigint;
  readonly device: bigint;
}

export type SourceEntry =
  | SourceFile
  | { readonly kind: "dir"; readonly path: string; readonly mode: number }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string };

/** What is in a source folder, in no particular order. `root` is free of symbolic links. */
export interface SourceTree {
  readonly root: string;
  readonly entries: readonly SourceEntry[];
}

interface Walk {
  /** The folder as it was named; it may be a link to `root`. */
  readonly dir: string;
  readonly root: string;
  readonly isExcluded: Excludes;
  readonly never: ReadonlySet<string>;
}

/**
 * Lists the folder. What vanishes meanwhile is left out, as if the walk had come later. Throws
 * `FILE_NOT_FOUND` without the folder, and `BAD_INPUT` for what cannot be read or copied (another
 * user's file, a socket, a name that is no UTF-8).
 */
export async function listSource(
  source: ArtifactSource,
  signal?: AbortSignal,
): Promise<SourceTree> {
  const root = rootOf(source.dir);
  const walk: Walk = {
    dir: resolve(source.dir),
    root,
    isExcluded: compileExcludes(source.exclude),
    never: new Set(source.never.flatMap(namesOf)),
  };
  const entries: SourceEntry[] = [];
  const folders = [""];
  const slice = new TimeSlice();
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of namesIn(join(root, folder))) {
      await slice.share(signal);
      const entry = entryAt(walk, folder === "" ? name : `${folder}/${name}`);
      if (entry === undefined) continue;
      entries.push(entry);
      if (entry.kind === "dir") folders.push(entry.path);
    }
  }
  return { root, entries };
}

function rootOf(dir: string): string {
  try {
    const root = realpathSync(dir);
    if (lstatSync(root).isDirectory()) return root;
  } catch (error) {
    if (!hasErrno(error, "ENOENT", "ENOTDIR")) throw unreadableSource(dir, error);
    throw missingFolder(dir, error);
  }
  throw new HitlessError("BAD_INPUT", `artifact.dir is ${dir}, which is not a folder`, {
    path: ["artifact", "dir"],
    next: "name the folder that holds what the app runs",
  });
}

/** A file that must stay out has up to three names: as given, by its real folder, and its real place. */
function namesOf(path: string): readonly string[] {
  const names = [resolve(path)];
  for (const real of [
    () => join(realpathSync(dirname(path)), basename(path)),
    () => realpathSync(path),
  ]) {
    try {
      names.push(real());
    } catch (error) {
      if (!hasErrno(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) throw error;
    }
  }
  return names;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw unreadableSource(folder, error);
  }
}

function entryAt(walk: Walk, path: string): SourceEntry | undefined {
  const absolute = join(walk.root, path);
  if (basename(path) === ".hitless" || walk.never.has(absolute)) return undefined;
  const stats = statsOf(absolute, path);
  if (stats === undefined) return undefined;
  if (walk.isExcluded(path, stats.isDirectory() ? "folder" : "file")) return undefined;
  if (stats.isFile()) return fileEntry(path, stats);
  if (stats.isDirectory()) return { kind: "dir", path, mode: keptMode(Number(stats.mode)) };
  if (stats.isSymbolicLink()) return linkEntry(walk, path);
  throw new HitlessError(
    "BAD_INPUT",
    `${absolute} is a socket, pipe or device, and cannot be part of an artifact`,
    {
      path: ["artifact", "exclude"],
      next: `add ${JSON.stringify(path)} to artifact.exclude`,
    },
  );
}

function statsOf(absolute: string, path: string): BigIntStats | undefined {
  try {
    return lstatSync(absolute, { bigint: true });
  } catch (error) {
    if (!hasErrno(error, "ENOENT")) throw unreadableSource(absolute, error);
    // Bytes that are no UTF-8 are read as U+FFFD, and no file has that name.
    if (!path.includes("\uFFFD")) return undefined;
    throw unusableName(absolute, error);
  }
}

function fileEntry(path: string, stats: BigIntStats): SourceFile {
  const { size, mtimeNs, ctimeNs, ino, dev } = stats;
  return {
    kind: "file",
    path,
    mode: keptMode(Number(stats.mode)),
    size: Number(size),
    stamp: `${size} ${mtimeNs} ${ctimeNs} ${ino} ${dev}`,
    changedNs: ctimeNs,
    device: dev,
  };
}

/**
 * A link into the tree is kept relative, so that a checkout leads to its own files and not to the
 * user's; a link out of it is kept absolute, so that it leads where it led before.
 */
function linkEntry(walk: Walk, path: string): SourceEntry {
  const absolute = join(walk.root, path);
  let target: string;
  try {
    target = readlinkSync(absolute);
  } catch (error) {
    throw unreadableSource(absolute, error);
  }
  const aim = resolve(dirname(absolute), target);
  const home = [walk.root, walk.dir].find(
    (base) => aim === base || aim.startsWith(join(base, "/")),
  );
  if ((home !== undefined) === !isAbsolute(target)) return { kind: "symlink", path, target };
  if (home === undefined) return { kind: "symlink", path, target: aim };
  const inner = relative(join(home, dirname(path)), aim);
  return { kind: "symlink", path, target: inner === "" ? "." : inner };
}
