import { type ProcessEntry, readBootId, readProcess } from "./process-table.ts";

/**
 * Names one process for ever: a pid alone is given to another process one day. On macOS the start
 * time has a granularity of one second, which is the weaker check there.
 */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  readonly startTime: string;
}

/** The identity of the process that has this pid now (a zombie has one too); null when none has. */
export function identify(pid: number): ProcessIdentity | null {
  const entry = readProcess(pid);
  if (entry === null) return null;
  return { bootId: bootId(), pid: entry.pid, startTime: entry.startTime };
}

/** Whether that very process still runs. A zombie is dead, and so is all of an earlier boot. */
export function isAlive(identity: ProcessIdentity): boolean {
  const entry = readProcess(identity.pid);
  return entry !== null && !entry.zombie && isSameProcess(identity, entry);
}

/** Whether the entry is that very process, dead or alive. */
export function isSameProcess(identity: ProcessIdentity, entry: ProcessEntry): boolean {
  return (
    identity.pid === entry.pid && identity.startTime === entry.startTime && isOfThisBoot(identity)
  );
}

/** Whether both are one process. */
export function isSameIdentity(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startTime === other.startTime && one.bootId === other.bootId;
}

/** Whether it lives, but was stopped: it will do nothing until somebody lets it go on. */
export function isStopped(identity: ProcessIdentity): boolean {
  return isAlive(identity) && readProcess(identity.pid)?.stopped === true;
}

/** Whether the machine has not been started again since. */
export function isOfThisBoot(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId();
}

let knownBootId: string | null = null;

function bootId(): string {
  knownBootId ??= readBootId();
  return knownBootId;
}
