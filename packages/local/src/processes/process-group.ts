import { isAlive, isOfThisBoot, isSameProcess, type ProcessIdentity } from "./process-identity.ts";
import { listProcesses, type ProcessEntry, readProcess } from "./process-table.ts";

/**
 * The processes of a replica: those whose process group or session is that of its leader, zombies
 * not counted. Empty when the leader's pid belongs to another process by now: the kernel gives a
 * number away only when no group and no session bears it any more (`alloc_pid`), so then nothing
 * of the replica is left.
 */
export function membersOf(leader: ProcessIdentity): readonly number[] {
  return membersIn(leader).map((entry) => entry.pid);
}

/** Whether nothing of the replica runs any more. Costs one small read while its leader lives. */
export function isGroupEmpty(leader: ProcessIdentity): boolean {
  return !isAlive(leader) && membersIn(leader).length === 0;
}

/** Sends the signal to every process of the replica; returns how many there were. */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): number {
  const members = membersIn(leader);
  // The kernel signals a group at once, so that a process that forks meanwhile does not escape.
  if (members.some((entry) => entry.group === leader.pid)) send(-leader.pid, signal);
  for (const entry of members) if (entry.group !== leader.pid) send(entry.pid, signal);
  return members.length;
}

/** Sends the signal to the leader alone; false when it is gone. */
export function signalLeader(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isAlive(leader) && send(leader.pid, signal);
}

function membersIn(leader: ProcessIdentity): readonly ProcessEntry[] {
  if (!isOfThisBoot(leader) || isRecycled(leader)) return [];
  return listProcesses().filter(
    (entry) => !entry.zombie && (entry.group === leader.pid || entry.session === leader.pid),
  );
}

function isRecycled(leader: ProcessIdentity): boolean {
  const holder = readProcess(leader.pid);
  return holder !== null && !isSameProcess(leader, holder);
}

function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch (error) {
    if (isExpected(error)) return false;
    throw error;
  }
}

/** ESRCH: it ended first. EPERM: it changed its user, so its end is not ours to bring about. */
function isExpected(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ESRCH", "EPERM"].includes(`${error.code}`);
}
