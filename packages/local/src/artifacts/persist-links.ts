import { lstat, mkdir, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";
import { HitlessError } from "@hitless/core";
import { hasErrno } from "../state/errno.ts";
import type { ManifestEntry } from "./manifest.ts";

/** The folders of an app that outlive its revisions. */
export interface Persist {
  /** Relative to the artifact's root, `data` or `var/uploads`. */
  readonly names: readonly string[];
  /** Absolute path of the folder that holds them. */
  readonly root: string;
}

/** Normalises the names. Throws `BAD_INPUT` for one that is absolute, leaves the artifact or is inside another. */
export function normalisePersist(persist: Persist): Persist {
  const names = [...new Set(persist.names.map(normalName))];
  const nested = names.find((name) => names.some((other) => name.startsWith(`${other}/`)));
  if (nested !== undefined) {
    throw badName(nested, "is inside another folder that is persisted already");
  }
  return { names, root: persist.root };
}

/** Whether an entry gives way to a persisted folder: it is that folder, or something in it. */
export function isPersisted(path: string, { names }: Persist): boolean {
  return names.some((name) => path === name || path.startsWith(`${name}/`));
}

/** Throws `BAD_INPUT` when a name would lead through a link or a file of the artifact. */
export function refuseBlocked(entries: readonly ManifestEntry[], { names }: Persist): void {
  for (const entry of entries) {
    if (entry.kind === "dir") continue;
    const blocked = names.find((name) => name.startsWith(`${entry.path}/`));
    if (blocked !== undefined)
      throw badName(blocked, `leads through ${entry.path}, which is no folder`);
  }
}

/**
 * Makes each name in `folder` a link to its folder below `root`, which is created (0o700) when absent.
 * What already stands at the name is left alone, but a link that leads nowhere. `folder` is moved
 * only beside where it is; with the folder that holds it and `root`, it can be moved anywhere.
 */
export async function linkPersisted(folder: string, { names, root }: Persist): Promise<void> {
  for (const name of names) {
    const kept = join(root, name);
    if (!(await exists(stat(kept)))) await mkdir(kept, { recursive: true, mode: 0o700 });
    const place = join(folder, name);
    if (await exists(stat(place))) continue;
    if (await exists(lstat(place))) await rm(place);
    await mkdir(dirname(place), { recursive: true });
    await symlink(relative(dirname(place), kept), place);
  }
}

async function exists(looked: Promise<unknown>): Promise<boolean> {
  try {
    await looked;
    return true;
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return false;
    throw error;
  }
}

function normalName(name: string): string {
  const normal = posix.normalize(name).replace(/\/$/u, "");
  if (name === "" || normal === "." || normal.startsWith("/") || normal.split("/").includes("..")) {
    throw badName(name, "is not a folder below the root of the artifact");
  }
  return normal;
}

function badName(name: string, problem: string): HitlessError {
  return new HitlessError("BAD_INPUT", `persist: ${JSON.stringify(name)} ${problem}`, {
    path: ["persist"],
    next: 'name folders relative to artifact.dir, as in "data" or "var/uploads"',
  });
}
