import type { StatsFs } from "node:fs";
import { statfs } from "node:fs/promises";
import type { Check, CheckSettings } from "./check.ts";

export interface DiskCheckOptions extends CheckSettings {
  /** A path on the file system. Default: the working directory. */
  readonly path?: string | undefined;
  /** So many bytes have to be free. Default 0. */
  readonly freeBytes?: number | undefined;
  /** Such a share has to be free, 0 to 1. Default 0.05. */
  readonly freeShare?: number | undefined;
}

/**
 * Whether a file system has room for what an ordinary user writes: bytes and inodes. Informative unless `critical: true`:
 * most services go on answering on a full disk, and where replicas share it all of them would go at once.
 */
export function disk(options: DiskCheckOptions = {}): Check {
  const { path = ".", freeBytes = 0, freeShare = 0.05, ...settings } = options;
  let asked: Promise<StatsFs> | null = null;
  return {
    critical: false,
    ...settings,
    async run() {
      // Each call that hangs, as on a network that is gone, holds one of the four threads that all files and names go through.
      asked ??= statfs(path).finally(() => {
        asked = null;
      });
      const space = await asked;
      const lack = lackOf(space, freeBytes, freeShare);
      if (lack !== null) throw new Error(`${path}: ${lack}`);
    },
  };
}

function lackOf(space: StatsFs, freeBytes: number, freeShare: number): string | null {
  const { bavail, bsize, blocks, files, ffree } = space;
  if (blocks === 0) return "its file system does not say how large it is";
  const free = bavail * bsize;
  if (free < freeBytes) return `${free} bytes are free; expected ${freeBytes}`;
  if (bavail / blocks < freeShare) {
    return `${percent(bavail / blocks)} are free; expected ${percent(freeShare)}`;
  }
  // Some file systems have no fixed number of inodes, and say 0.
  return files > 0 && ffree === 0 ? "no inode is free" : null;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
