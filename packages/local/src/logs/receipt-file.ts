import { constants } from "node:fs";
import { chmod, chown, mkdir, open, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, type ReadReceipt, readReceipt } from "@hitless/core";
import { findAccount } from "../processes/user-account.ts";
import { hasErrno } from "../state/errno.ts";

/** A longer one is not read, bytes. */
const mostBytes = 16 * 1024;

/** Where the start of a replica that writes this log leaves its drain receipt: beside it. */
export function receiptFileOf(log: string): string {
  return log.replace(/\.log$/u, ".receipt.json");
}

/**
 * Makes the file, empty, for `user` to write to and for nobody else: it may write to no folder here.
 * When it cannot be made, the replica can do without.
 */
export async function makeReceiptFile(path: string, user: string | null): Promise<void> {
  try {
    const account = user === null ? null : findAccount(user);
    const dir = dirname(path);
    await mkdir(dir, { recursive: true, mode: 0o711 });
    await chmod(dir, 0o711);
    await writeFile(path, "", { mode: 0o600 });
    if (account !== null) await chown(path, account.uid, account.gid);
  } catch {
    // Whatever is wrong with the disk or the user, the start itself will say.
  }
}

/** What the app left there; never rejects. Only a plain file is read, for an app of our own user may put anything there. */
export async function readReceiptFile(path: string): Promise<ReadReceipt> {
  try {
    return await readPlainFile(path);
  } catch (thrown) {
    if (hasErrno(thrown, "ENOENT")) return { kind: "none" };
    const why = hasErrno(thrown, "ELOOP") ? "it is a symbolic link" : messageOf(thrown);
    return { kind: "unreadable", why };
  }
}

async function readPlainFile(path: string): Promise<ReadReceipt> {
  // Without a wait for whoever might write to a pipe.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags);
  try {
    const found = await handle.stat();
    if (!found.isFile()) return { kind: "unreadable", why: "it is no plain file" };
    if (found.size > mostBytes) {
      return { kind: "unreadable", why: `it has ${found.size} bytes, more than ${mostBytes}` };
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    return readReceipt(buffer.toString("utf8", 0, bytesRead));
  } finally {
    await handle.close();
  }
}
