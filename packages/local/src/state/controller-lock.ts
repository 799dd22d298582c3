import { rm, utimes } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { failpoint, HitlessError } from "@hitless/core";
import {
  identify,
  isAlive,
  isSameIdentity,
  isStopped,
  type ProcessIdentity,
} from "../processes/process-identity.ts";
import { readIfPresent } from "../processes/process-table.ts";
import { hasErrno } from "./errno.ts";
import { guarded, isUnchanged, type LockClaim, parseClaim, readClaim } from "./lock-file.ts";

/** How often the holder of the lock shows that it lives, and when it counts as hung, ms. */
const heartbeatMs = 2000;
const leaseMs = 10_000;
/** How long one that is ended may take to leave by itself, and to be gone, ms. */
const leaveMs = 3000;
const goneWithinMs = 15_000;
const lookEveryMs = 50;
/** A step of the wall clock against the monotonic one that counts as a jump, ms. */
const jumpMs = 5000;

/** The right to act on one app's state folder. One process holds it at a time. */
export interface ControllerLock {
  /** When a controller that had taken the app up last showed a sign of life; null: nobody knows. */
  readonly lastSeen: number | null;
  /** Aborts when the lock was lost: stop acting at once. */
  readonly lost: AbortSignal;
  /**
   * Looks at the lock itself; throws CONTROLLER_RUNNING when another has it. To be asked before each
   * change: a process that was stopped finds out here, before its next heartbeat.
   */
  assertHeld(): void;
  /**
   * To be called when the deadlines in the state were moved by a jump of the clock; until then the
   * signs of life go on by the old time, so that state and lock never disagree about it.
   */
  clockMoved(): Promise<void>;
  /**
   * To be called when the deadlines in the state are those of now. Until then nobody watches the
   * app, whatever the signs of life: who is killed before it passes on the `lastSeen` that it found.
   */
  takenUp(): Promise<void>;
  /** Gives it up; `path` is where the lock lies by now. */
  release(path: string): Promise<void>;
}

export interface AcquireOptions {
  /** The controller that may be ended although it lives: the one that was there when a person said so. */
  readonly instead: ProcessIdentity | null;
  /** Whether somebody serves the control socket: then a lock that names nobody is not free. */
  readonly answers: () => Promise<boolean>;
}

/**
 * Takes the lock at `path`. A lock whose process is gone is taken over. One that is held is
 * refused with CONTROLLER_RUNNING, naming its process, unless it is `instead` or its lease has run
 * out: not renewed for 10 s while we watched, by our own monotonic clock. Then that process is
 * ended by its identity, and seen gone first.
 */
export async function acquireLock(path: string, options: AcquireOptions): Promise<ControllerLock> {
  const self = identify(process.pid);
  if (self === null)
    throw new HitlessError("UNSUPPORTED_PLATFORM", "process identities cannot be read");
  const { before, hung } = await claim(path, self, options);
  const watchedUntil = before?.watchedUntil ?? null;
  for (const other of (await readClaim(path))?.ends ?? []) await end(other, hung ? 0 : leaveMs);
  // Seen gone. Somebody may have taken it from us meanwhile: then it is that one who acts.
  const ours = await guarded(path, async (write) => {
    if (!names(await readClaim(path), self)) return false;
    return write({ process: self, ends: [], watchedUntil });
  });
  if (!ours) throw refused(path, await readClaim(path));
  return new HeldLock(path, self, watchedUntil);
}

/** The live controller of a state folder; null when there is none. */
export async function controllerOf(path: string): Promise<ProcessIdentity | null> {
  const held = (await readClaim(path))?.process ?? null;
  return held !== null && isAlive(held) ? held : null;
}

/** The live controller that renews its lease; null when there is none, or it may hang and be replaced. */
export async function leaseHolderOf(path: string): Promise<ProcessIdentity | null> {
  const held = await readClaim(path);
  return held?.process && isAlive(held.process) && !isStale(held) ? held.process : null;
}

/** Whether the lock still names that process: it died before it could give the lock back. */
export async function isNamedIn(path: string, process: ProcessIdentity): Promise<boolean> {
  return names(await readClaim(path), process);
}

interface Claimed {
  /** What stood there before. */
  readonly before: LockClaim | null;
  readonly hung: boolean;
}

/** Writes our name into the lock, as soon as that is allowed. */
async function claim(
  path: string,
  self: ProcessIdentity,
  options: AcquireOptions,
): Promise<Claimed> {
  let first = await readClaim(path);
  let since = performance.now();
  for (;;) {
    const seen = await readClaim(path);
    if (!isSameHolder(first, seen)) {
      first = seen;
      since = performance.now();
    }
    const watched = { renewed: !isUnchanged(first, seen), forMs: performance.now() - since };
    const verdict = await judge(seen, watched, options);
    if (verdict === "refuse") throw refused(path, seen);
    if (verdict === "wait") await delay(lookEveryMs);
    else if (await take(path, { self, seen, watchedUntil: seen?.watchedUntil ?? null })) {
      return { before: seen, hung: verdict === "hung" };
    }
  }
}

/** What to do about a lock that was watched for a while. */
async function judge(
  seen: LockClaim | null,
  watched: { readonly renewed: boolean; readonly forMs: number },
  { instead, answers }: AcquireOptions,
): Promise<"free" | "hung" | "refuse" | "wait"> {
  const leaseIsOver = watched.forMs >= leaseMs;
  const holder = seen?.process ?? null;
  if (seen === null || holder === null) {
    // Removed or damaged. Its controller writes it anew within a heartbeat, if it can.
    if (!(await answers())) return "free";
    return leaseIsOver ? "refuse" : "wait";
  }
  if (!isAlive(holder)) return "free";
  if (instead !== null && isSameIdentity(holder, instead))
    return isStopped(holder) ? "hung" : "free";
  // A time that is far off may be the clock's fault: whether it is renewed decides.
  if (watched.renewed || !isStale(seen)) return "refuse";
  return leaseIsOver ? "hung" : "wait";
}

/** False when somebody was faster. */
function take(
  path: string,
  by: {
    readonly self: ProcessIdentity;
    readonly seen: LockClaim | null;
    readonly watchedUntil: number | null | undefined;
  },
): Promise<boolean> {
  const { self, seen, watchedUntil } = by;
  return guarded(path, async (write) => {
    if (!isUnchanged(seen, await readClaim(path))) return false;
    await failpoint("lock-guarded");
    const before = [...(seen?.ends ?? []), ...(seen?.process ? [seen.process] : [])];
    const taken = await write({ process: self, ends: before.filter(isAlive), watchedUntil });
    await failpoint("lock-taken");
    return taken;
  });
}

class HeldLock implements ControllerLock {
  readonly lastSeen: number | null;
  readonly #path: string;
  readonly #self: ProcessIdentity;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** As it is written in the lock. */
  #watchedUntil: number | null | undefined;
  /** The wall clock at some moment of the steady one. */
  #anchor = { wall: Date.now(), steady: performance.now() };

  constructor(path: string, self: ProcessIdentity, lastSeen: number | null) {
    this.#path = path;
    this.#self = self;
    this.lastSeen = lastSeen;
    this.#watchedUntil = lastSeen;
    this.#timer = setInterval(() => void this.#beat().catch(() => undefined), heartbeatMs);
    this.#timer.unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  assertHeld(): void {
    if (!this.#lost.signal.aborted) {
      const holder = parseClaim(readIfPresent(this.#path) ?? "").process;
      if (holder === null || !this.#isLostTo(holder)) return;
      this.#lost.abort(takenOver(holder));
    }
    throw this.#lost.signal.reason;
  }

  async clockMoved(): Promise<void> {
    this.#reanchor();
    await this.#beat();
  }

  async takenUp(): Promise<void> {
    this.#watchedUntil = undefined;
    await guarded(this.#path, async (write) => {
      // Else the next heartbeat finds out who has it.
      if (names(await readClaim(this.#path), this.#self)) {
        await write({ process: this.#self, ends: [] });
      }
    });
  }

  async release(path: string): Promise<void> {
    clearInterval(this.#timer);
    const present = await readClaim(path).catch(() => null);
    if (names(present, this.#self)) await rm(path, { force: true });
    await failpoint("lock-released");
  }

  async #beat(): Promise<void> {
    const present = await readClaim(this.#path);
    const holder = present?.process ?? null;
    if (holder !== null && this.#isLostTo(holder)) return this.#lost.abort(takenOver(holder));
    // Removed, damaged, or an old one that somebody brought back: it is ours for as long as we live.
    if (!names(present, this.#self)) {
      const watchedUntil = this.#watchedUntil;
      await take(this.#path, { self: this.#self, seen: present, watchedUntil });
    }
    const byOldTime = this.#anchor.wall + performance.now() - this.#anchor.steady;
    if (Math.abs(Date.now() - byOldTime) < jumpMs) this.#reanchor();
    const now = new Date(this.#anchor.wall + performance.now() - this.#anchor.steady);
    await utimes(this.#path, now, now);
    await failpoint("lock-renewed");
  }

  #reanchor(): void {
    this.#anchor = { wall: Date.now(), steady: performance.now() };
  }

  #isLostTo(holder: ProcessIdentity): boolean {
    return !isSameIdentity(holder, this.#self) && isAlive(holder);
  }
}

/** Ends a controller and sees it gone; one that does not leave by itself is killed. */
async function end(holder: ProcessIdentity, leaveWithinMs: number): Promise<void> {
  const since = performance.now();
  if (leaveWithinMs > 0) signal(holder, "SIGTERM");
  while (isAlive(holder)) {
    const passed = performance.now() - since;
    if (passed >= leaveWithinMs) signal(holder, "SIGKILL");
    if (passed > goneWithinMs) {
      throw new HitlessError("CONTROLLER_RUNNING", `controller ${holder.pid} does not end`);
    }
    await delay(lookEveryMs);
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

function isStale({ lastSeen }: LockClaim): boolean {
  return Math.abs(Date.now() - lastSeen) > leaseMs;
}

function names(claim: LockClaim | null, process: ProcessIdentity): boolean {
  return claim !== null && claim.process !== null && isSameIdentity(claim.process, process);
}

function isSameHolder(one: LockClaim | null, other: LockClaim | null): boolean {
  const [a, b] = [one?.process ?? null, other?.process ?? null];
  return a === null || b === null ? a === b : isSameIdentity(a, b);
}

function takenOver(by: ProcessIdentity): HitlessError {
  return new HitlessError("CONTROLLER_RUNNING", `process ${by.pid} took over as the controller`);
}

function refused(path: string, claim: LockClaim | null): HitlessError {
  const holder = claim?.process ?? null;
  if (holder === null) {
    const message = `a controller answers, but ${path} does not name it and it does not mend that`;
    return new HitlessError("CONTROLLER_RUNNING", message, {
      next: "It may be stopped: let it go on (`kill -CONT`), or kill it, then say it again.",
    });
  }
  return new HitlessError(
    "CONTROLLER_RUNNING",
    `process ${holder.pid} is the controller of ${path}`,
    { next: "Talk to it with `hitless status`, or replace it with `hitless up --take-over`." },
  );
}
