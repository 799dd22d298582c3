import { rmSync, statSync } from "node:fs";
import { chmod, mkdir, rename } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { hasRecord, removeRecord, writeRecord } from "./process-record.ts";

/** How many sockets this process has bound: the temporary path of each is another one. */
let bound = 0;

/** How often it is looked at whether the path is still there, ms. */
const lookEveryMs = 1000;

/** A unix socket that is listened on. */
export interface UnixListener {
  /**
   * Removes the path, unless another process has taken it over. To be awaited before the server is
   * closed: it may be listening anew at this moment, and would never be closed then.
   */
  remove(): Promise<void>;
  /** Looks now whether the path is still there, and makes it again where it is not. */
  look(): Promise<void>;
}

/**
 * Listens on a path, mode 0600. The socket is bound beside it and renamed: the path of a dead
 * process is taken over without a moment in which there is none, and Node, which removes what it
 * bound when it closes, does not remove a successor's. A path that was removed is made again: its
 * folder may be one that goes at a logout. So is one that another process took and answers on no
 * more; while it does, `taken` is called, once a second. Who listens is noted beside it, for whom it
 * leaves without an answer (`readRecord`).
 */
export async function listenUnix(
  server: Server,
  path: string,
  taken: () => void = () => undefined,
): Promise<UnixListener> {
  let inode = await bind(server, path);
  const lookNow = async () => {
    const found = inodeOf(path);
    if (found === inode) {
      if (!hasRecord(path)) writeRecord(path);
      return;
    }
    if (found !== null && (await answersOn(path))) {
      taken();
      return;
    }
    server.close();
    inode = await bind(server, path);
  };
  let looking = Promise.resolve();
  const look = () => {
    looking = looking.then(lookNow).catch(() => undefined);
    return looking;
  };
  const timer = setInterval(() => void look(), lookEveryMs).unref();
  return {
    look,
    remove: async () => {
      clearInterval(timer);
      await looking;
      if (inodeOf(path) !== inode) return;
      removeRecord(path);
      rmSync(path, { force: true });
    },
  };
}

async function bind(server: Server, path: string): Promise<number | null> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  bound += 1;
  const temporary = join(dirname(path), `${process.pid}-${bound}.new`);
  rmSync(temporary, { force: true });
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(temporary, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } finally {
    process.umask(mask);
  }
  await chmod(temporary, 0o600);
  const inode = inodeOf(temporary);
  await rename(temporary, path);
  writeRecord(path);
  return inode;
}

/** Whether a process listens on that path. */
export function answersOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}
