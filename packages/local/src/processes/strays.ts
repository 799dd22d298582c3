import { readLinkIfPresent } from "./listeners.ts";
import { listProcesses, type ProcessEntry, platform, readIfPresent } from "./process-table.ts";

/** What is known of a replica whose process was started but never recorded. */
export interface StraySearch {
  /** The file that its standard output was opened on; used by this start alone. */
  readonly logFile: string;
  /** Variables that only this replica's processes have: `HITLESS_APP`, `HITLESS_REPLICA`, `PORT`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch: what was started earlier is not it. */
  readonly since: number;
}

/** Set for probe and preStop commands, which have the replica's environment but are not it. */
export const execMark = "HITLESS_EXEC";

/**
 * The pid of the leader of a replica that a controller started but did not live to record. Found by
 * the log file on descriptor 1, then by the environment, which a process that sets its title
 * wipes; what is found belongs to a process group, and its leader is the answer, even when it is
 * gone and only members are left. On macOS always null: neither can be read there.
 */
export function findStray(search: StraySearch): number | null {
  if (platform() === "darwin") return null;
  const processes = listProcesses().filter((entry) => !entry.zombie && entry.pid !== process.pid);
  const writers = processes.filter((entry) => writesTo(entry, search.logFile));
  return leaderOf(writers) ?? leaderOf(processes.filter((entry) => isMarked(entry, search)));
}

function writesTo(entry: ProcessEntry, logFile: string): boolean {
  return readLinkIfPresent(`/proc/${entry.pid}/fd/1`) === logFile;
}

function isMarked(entry: ProcessEntry, { environment, since }: StraySearch): boolean {
  if (startedAt(entry) < since - clockSlackMs) return false;
  const variables = (readIfPresent(`/proc/${entry.pid}/environ`) ?? "").split("\0");
  if (variables.some((variable) => variable.startsWith(`${execMark}=`))) return false;
  return Object.entries(environment).every(([name, value]) =>
    variables.includes(`${name}=${value}`),
  );
}

/** The oldest of them is nearest to the leader: a child may have made a session of its own. */
function leaderOf(found: readonly ProcessEntry[]): number | null {
  const [oldest] = found.toSorted((a, b) => Number(a.startTime) - Number(b.startTime));
  return oldest?.session ?? null;
}

/** The kernel tells the boot time in whole seconds. */
const clockSlackMs = 2000;

/** USER_HZ is 100 on every architecture that Node runs on. */
const msPerTick = 10;

function startedAt(entry: ProcessEntry): number {
  const bootSeconds = /^btime (\d+)$/m.exec(readIfPresent("/proc/stat") ?? "")?.[1];
  return Number(bootSeconds ?? 0) * 1000 + Number(entry.startTime) * msPerTick;
}
