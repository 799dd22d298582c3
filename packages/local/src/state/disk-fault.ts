import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type ErrorCode, HitlessError } from "@hitless/core";
import { hasErrno } from "./errno.ts";

/**
 * Runs `work`, which reads or writes `path`. What the disk refuses becomes an error that names the
 * cause: DISK_FULL, NO_PERMISSION with owner and mode, DISK_FAILED. Anything else passes unchanged.
 */
export async function explainDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await explained(path, error);
  }
}

/** Whether something could not be written for what the disk is in: it may be another time. */
export function isDiskFault(thrown: unknown): boolean {
  return thrown instanceof HitlessError && diskFaults.has(thrown.code);
}

/** For `catch`: goes on where the disk took nothing, and only there. */
export function unlessDiskFault(thrown: unknown): void {
  if (!isDiskFault(thrown)) throw thrown;
}

const diskFaults: ReadonlySet<ErrorCode> = new Set(["DISK_FULL", "DISK_FAILED", "NO_PERMISSION"]);

async function explained(path: string, cause: unknown): Promise<unknown> {
  if (hasErrno(cause, "ENOSPC", "EDQUOT")) return diskFull(path, cause);
  if (hasErrno(cause, "EACCES", "EPERM")) return await noPermission(pathOf(cause) ?? path, cause);
  if (hasErrno(cause, "EROFS")) return readOnly(path, cause);
  if (hasErrno(cause, "EIO")) return diskFailed(path, cause);
  return cause;
}

function diskFull(path: string, cause: unknown): HitlessError {
  return new HitlessError("DISK_FULL", `no space left on the disk of ${path}`, {
    next: "Free space there: what runs goes on serving, and a release that is under way goes on by itself.",
    cause,
  });
}

async function noPermission(path: string, cause: unknown): Promise<HitlessError> {
  const verb = syscallOf(cause) ?? "access";
  const { where, said } = await reachable(path);
  const me = process.getuid?.();
  return new HitlessError("NO_PERMISSION", `user id ${me} may not ${verb} ${path}: ${said}`, {
    next: `Give it back: \`chown -R ${me} ${where} && chmod u+rwX ${where}\`, or run as its owner. What runs goes on serving.`,
    cause,
  });
}

/** Whose it is; where not even that may be seen, the nearest folder above that may. */
async function reachable(path: string): Promise<{ where: string; said: string }> {
  for (let where = path; ; where = dirname(where)) {
    const found = await stat(where).catch(() => null);
    if (found !== null) {
      const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
      return { where, said: `${where} belongs to user id ${found.uid}, mode ${mode}` };
    }
    if (where === dirname(where)) return { where, said: "nothing of it can be seen" };
  }
}

function readOnly(path: string, cause: unknown): HitlessError {
  return new HitlessError("DISK_FAILED", `the disk of ${path} takes no writes: it is read-only`, {
    next: "Mount it writable again; a kernel does this to a disk that failed (`dmesg`). What runs goes on serving.",
    cause,
  });
}

function diskFailed(path: string, cause: unknown): HitlessError {
  return new HitlessError("DISK_FAILED", `the disk reports an error at ${path}`, {
    next: "Look at `dmesg`; move the folder to a sound disk, or restore it from a backup. What runs goes on serving.",
    cause,
  });
}

function pathOf(cause: unknown): string | null {
  return cause instanceof Error && "path" in cause && typeof cause.path === "string"
    ? cause.path
    : null;
}

function syscallOf(cause: unknown): string | null {
  return cause instanceof Error && "syscall" in cause && typeof cause.syscall === "string"
    ? cause.syscall
    : null;
}
