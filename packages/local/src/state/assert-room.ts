import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { explainDisk } from "./disk-fault.ts";
import type { StateFolder } from "./state-folder.ts";

/** What a few small files need, bytes. */
const roomBytes = 65_536;

/** Writes something and removes it. Throws DISK_FULL, NO_PERMISSION, DISK_FAILED where that fails. */
export async function assertRoom({ root }: StateFolder): Promise<void> {
  const path = join(root, `.room-${process.pid}`);
  await explainDisk(root, async () => {
    try {
      await writeFile(path, Buffer.alloc(roomBytes), { mode: 0o600 });
    } finally {
      await rm(path, { force: true });
    }
  });
}
