import { existsSync, mkdirSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { logLine, reopenLog } from "./log-line.ts";

const removedMark = " (deleted)";
/** Where the working directory was when it was looked at last. */
let lastSeen = whereItIs() ?? "/";
let complained = false;

/**
 * Makes sure that a process can be started in the working directory of this one, the folder of table
 * and log. That is known by itself and not by a path, because it may be moved; once removed, it is
 * made again where it was. Returns a folder that exists: that one, or `/` when all around it is gone.
 */
export function keepOwnFolder(): string {
  const now = whereItIs();
  if (now !== null) {
    lastSeen = now;
    return now;
  }
  lastSeen = removedFrom() ?? lastSeen;
  try {
    // Its parent is not: an app that was removed stays so. A controller may have been faster.
    mkdirSync(lastSeen, { mode: 0o700, recursive: existsSync(lastSeen) });
    process.chdir(lastSeen);
  } catch (error) {
    if (!complained) logLine(`proxy ${process.pid}: its folder was removed: ${String(error)}`);
    complained = true;
    return "/";
  }
  complained = false;
  reopenLog(join(lastSeen, "proxy.log"));
  logLine(`proxy ${process.pid}: ${lastSeen} was removed, and is made again`);
  return lastSeen;
}

/** Where the folder is or was, for a process that cannot be in it. */
export function ownFolder(): string {
  return lastSeen;
}

/** Null when it was removed. `process.cwd()` remembers what was true once. */
function whereItIs(): string | null {
  try {
    return realpathSync.native(".");
  } catch {
    return null;
  }
}

/** Where it was at its end, for which moves count too; null where the system does not tell. */
function removedFrom(): string | null {
  try {
    const said = readlinkSync("/proc/self/cwd");
    return said.endsWith(removedMark) ? said.slice(0, -removedMark.length) : null;
  } catch {
    return null;
  }
}
