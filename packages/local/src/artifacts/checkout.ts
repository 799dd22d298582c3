import { randomUUID } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { failpoint, HitlessError } from "@hitless/core";
import { z } from "zod";
import { syncPath } from "../state/atomic-file.ts";
import { hasErrno } from "../state/errno.ts";
import { VersionedFile, versionedIn } from "../state/versioned-file.ts";
import type { BlobStore } from "./blob-store.ts";
import { flushFilesystem } from "./flush-filesystem.ts";
import { inParallel } from "./in-parallel.ts";
import type { Manifest, ManifestEntry, ManifestFile } from "./manifest.ts";
import {
  isPersisted,
  linkPersisted,
  normalisePersist,
  type Persist,
  refuseBlocked,
} from "./persist-links.ts";

const markerShape = z.object({
  digest: z.string(),
  linked: z.array(
    z.object({
      kind: z.literal("file"),
      path: z.string(),
      mode: z.number(),
      size: z.number(),
      sha256: z.string(),
    }),
  ),
});

const markerSuffix = ".checkout.json";

type Marker = Readonly<z.infer<typeof markerShape>>;

/** What to make where. */
export interface CheckoutOrder {
  readonly digest: string;
  /** Absolute path of the folder to make. */
  readonly target: string;
  readonly persist: Persist;
  /** Read only when the folder is not there yet. */
  readonly manifest: () => Promise<Manifest>;
}

/**
 * Makes the folder that the replicas of a revision run in. It is built beside its place and renamed
 * into it, after a marker outside of it (`<target>.checkout.json`) says which artifact it will hold: so
 * a folder with a marker is complete, and one without a marker is somebody else's and is refused.
 */
export async function checkOut(
  blobs: BlobStore,
  order: CheckoutOrder,
  signal?: AbortSignal,
): Promise<void> {
  const persist = normalisePersist(order.persist);
  await removeHalfMade(order.target);
  const marker = await markerFile(order.target).read();
  if (isFolder(order.target)) {
    await reuse(blobs, { ...order, persist, marker }, signal);
  } else {
    await build(blobs, { ...order, persist }, signal);
  }
}

/** Removes a checkout, its marker last: what is half removed is still known as ours. */
export async function removeCheckout(target: string): Promise<void> {
  const doomed = temporaryName(target);
  try {
    await rename(target, doomed);
    await failpoint("checkout-unnamed");
  } catch (error) {
    if (!hasErrno(error, "ENOENT")) throw error;
  }
  await removeHalfMade(target);
  await failpoint("checkout-emptied");
  await markerFile(target).remove();
}

/** The files that say what is in each of the checkouts in a folder. */
export async function markersIn(folder: string): Promise<readonly VersionedFile<Marker>[]> {
  const names = await versionedIn(folder);
  return names
    .filter((name) => name.endsWith(markerSuffix))
    .map((name) => markerFile(join(folder, name.slice(0, -markerSuffix.length))));
}

async function reuse(
  blobs: BlobStore,
  order: CheckoutOrder & { readonly marker: Marker | null },
  signal?: AbortSignal,
): Promise<void> {
  const { digest, target, persist, marker } = order;
  if (marker?.digest !== digest) {
    const holder =
      marker === null ? "files that Hitless did not put there" : `artifact ${marker.digest}`;
    throw new HitlessError("REFUSED", `${target} already holds ${holder}`, {
      next: "move that folder away, then try again",
    });
  }
  await inParallel(marker.linked, 4, (file) =>
    blobs.checkLinked(file, join(target, file.path), signal),
  );
  await linkPersisted(target, persist);
}

async function build(blobs: BlobStore, order: CheckoutOrder, signal?: AbortSignal): Promise<void> {
  const { digest, target, persist } = order;
  const { entries } = await order.manifest();
  refuseBlocked(entries, persist);
  const wanted = entries.filter((entry) => !isPersisted(entry.path, persist));
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const temporary = temporaryName(target);
  try {
    const linked = await fill(blobs, { folder: temporary, entries: wanted }, signal);
    await linkPersisted(temporary, persist);
    await flushFilesystem(temporary);
    await failpoint("checkout-filled");
    await markerFile(target).write({ digest, linked: [...linked] });
    await failpoint("checkout-marked");
    await rename(temporary, target);
    await failpoint("checkout-made");
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await syncPath(dirname(target));
}

/** Returns the files that were linked and not copied. */
async function fill(
  blobs: BlobStore,
  { folder, entries }: { readonly folder: string; readonly entries: readonly ManifestEntry[] },
  signal?: AbortSignal,
): Promise<readonly ManifestFile[]> {
  makeFolder(folder, 0o755);
  const files: ManifestFile[] = [];
  for (const entry of entries) {
    if (entry.kind === "dir") makeFolder(join(folder, entry.path), entry.mode);
    if (entry.kind === "symlink") symlinkSync(entry.target, join(folder, entry.path));
    if (entry.kind === "file") files.push(entry);
  }
  const linked: ManifestFile[] = [];
  await inParallel(files, 16, async (file) => {
    signal?.throwIfAborted();
    const how = await blobs.place(file, join(folder, file.path), signal);
    if (how === "link") linked.push(file);
  });
  return linked;
}

/** The umask would take bits away from a folder that another user's replica must enter. */
function makeFolder(path: string, mode: number): void {
  mkdirSync(path);
  chmodSync(path, mode);
}

/** What a checkout, or a removal, that was cut short left beside the target. */
async function removeHalfMade(target: string): Promise<void> {
  const parent = dirname(target);
  const prefix = `${basename(target)}.tmp-`;
  const names = await readdir(parent).catch(noNames);
  for (const name of names) {
    if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function noNames(error: unknown): string[] {
  if (hasErrno(error, "ENOENT")) return [];
  throw error;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function temporaryName(target: string): string {
  return `${target}.tmp-${randomUUID()}`;
}

function markerFile(target: string): VersionedFile<Marker> {
  return new VersionedFile(`${target}${markerSuffix}`, markerShape);
}
