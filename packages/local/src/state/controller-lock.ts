import { mkdir, readFile, rm, rmdir, stat, utimes } from "node:fs/promises";
import { failpoint, HitlessError } from "@hitless/core";
import { z } from "zod";
import { identify, isAlive, type ProcessIdentity } from "../processes/process-identity.ts";
import { hasErrno, writeFileAtomic } from "./atomic-file.ts";

/** How often the holder of the lock shows that it lives, and when it counts as hung, ms. */
const heartbeatMs = 2000;
const leaseMs = 10_000;
const goneWithinMs = 15_000;
/** Nobody needs the guard of the lock for longer, ms. */
const guardMs = 5000;

const lockFile = z.object({
  schema: z.literal(1),
  process: z.object({ bootId: z.string(), pid: z.number(), startTime: z.string() }),
});

/** The right to act on one app's state folder. One process holds it at a time. */
export interface ControllerLock {
  /** When the previous controller last showed a sign of life; null when there was none. */
  readonly lastSeen: number | null;
  /** Aborts when the lock was lost: stop acting at once. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the lock at `path`. A lock whose process is gone is taken over. One that is held is
 * refused with CONTROLLER_RUNNING, naming its process, unless `takeOver` is set or its lease has
 * run out: then that process is ended by its identity, and seen gone first.
 */
export async function acquireLock(
  path: string,
  options: { takeOver: boolean },
): Promise<ControllerLock> {
  const self = identify(process.pid);
  if (self === null)
    throw new HitlessError("UNSUPPORTED_PLATFORM", "process identities cannot be read");
  const content = `${JSON.stringify({ schema: 1, process: self })}\n`;
  let lastSeen: number | null = null;
  for (;;) {
    const { taken, before } = await guarded(path, () => takeUnlessHeld(path, content));
    lastSeen = before?.lastSeen ?? lastSeen;
    if (taken) break;
    if (before.process === null) continue;
    if (!options.takeOver && !isHung(before)) throw refused(path, before.process);
    await end(before.process);
  }
  return holdLock(path, { content, lastSeen });
}

/** The live controller of a state folder; null when there is none. */
export async function controllerOf(path: string): Promise<ProcessIdentity | null> {
  const held = await readHolder(path);
  return held?.process && isAlive(held.process) ? held.process : null;
}

/** The live controller that renews its lease; null when there is none, or it hangs and may be replaced. */
export async function leaseHolderOf(path: string): Promise<ProcessIdentity | null> {
  const held = await readHolder(path);
  return held?.process && isAlive(held.process) && !isHung(held) ? held.process : null;
}

interface Holder {
  readonly process: ProcessIdentity | null;
  readonly lastSeen: number;
  readonly text: string;
}

function isHung({ lastSeen }: Holder): boolean {
  return Date.now() - lastSeen > leaseMs;
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    const text = await readFile(path, "utf8");
    const { mtimeMs } = await stat(path);
    const parsed = lockFile.safeParse(jsonOrNull(text));
    return { process: parsed.success ? parsed.data.process : null, lastSeen: mtimeMs, text };
  } catch (cause) {
    if (hasErrno(cause, "ENOENT")) return null;
    throw cause;
  }
}

type Taking =
  | { readonly taken: true; readonly before: Holder | null }
  | { readonly taken: false; readonly before: Holder };

/** Takes a free or a dead lock; a living holder keeps it. */
async function takeUnlessHeld(path: string, content: string): Promise<Taking> {
  const before = await readHolder(path);
  if (before?.process && isAlive(before.process)) return { taken: false, before };
  await failpoint("lock-guarded");
  await writeFileAtomic(path, content, { mode: 0o600 });
  await failpoint("lock-taken");
  return { taken: true, before };
}

/**
 * One at a time looks at the lock and takes it: two that find the same dead lock must not both
 * have it. The guard is a folder, which only one can make; one that was left behind by a crash is
 * older than anybody needs it.
 */
async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  const guard = `${path}.guard`;
  while (!(await madeFolder(guard))) {
    const made = await stat(guard).catch(() => null);
    if (made !== null && Date.now() - made.mtimeMs > guardMs) await rmdir(guard).catch(() => null);
    else await new Promise((resolve) => setTimeout(resolve, 10));
  }
  try {
    return await work();
  } finally {
    await rmdir(guard).catch(() => null);
  }
}

async function madeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (cause) {
    if (hasErrno(cause, "EEXIST")) return false;
    throw cause;
  }
}

function holdLock(path: string, at: { content: string; lastSeen: number | null }): ControllerLock {
  const lost = new AbortController();
  const beat = async () => {
    const text = await readFile(path, "utf8").catch(() => null);
    if (text !== at.content) {
      lost.abort(new HitlessError("CONTROLLER_RUNNING", "another controller took over"));
      return;
    }
    const now = new Date();
    await utimes(path, now, now);
    await failpoint("lock-renewed");
  };
  const timer = setInterval(() => void beat().catch(() => undefined), heartbeatMs);
  timer.unref();
  return {
    lastSeen: at.lastSeen,
    lost: lost.signal,
    release: async () => {
      clearInterval(timer);
      const text = await readFile(path, "utf8").catch(() => null);
      if (text === at.content) await rm(path, { force: true });
      await failpoint("lock-released");
    },
  };
}

async function end(holder: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + goneWithinMs;
  signal(holder, "SIGTERM");
  while (isAlive(holder)) {
    if (Date.now() > deadline - goneWithinMs / 2) signal(holder, "SIGKILL");
    if (Date.now() > deadline) {
      throw new HitlessError("CONTROLLER_RUNNING", `controller ${holder.pid} does not end`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function signal(holder: ProcessIdentity, name: "SIGTERM" | "SIGKILL"): void {
  if (!isAlive(holder)) return;
  try {
    process.kill(holder.pid, name);
  } catch (cause) {
    // It ended between the look and the signal; anything else is for the caller to see.
    if (!hasErrno(cause, "ESRCH")) throw cause;
  }
}

function refused(path: string, holder: ProcessIdentity): HitlessError {
  return new HitlessError(
    "CONTROLLER_RUNNING",
    `process ${holder.pid} is the controller of ${path}`,
    {
      next: "Talk to it with `hitless status`, or replace it with `hitless up --take-over`.",
    },
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
