import { readdirSync, readFileSync } from "node:fs";

// No such group, or (macOS, where only zombies are left of it) nothing in it that takes a signal.
const emptyCodes = ["ESRCH", "EPERM"];

/** Signals every member of a group that this process started; false when it had none. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch (error) {
    if (error instanceof Error && "code" in error && emptyCodes.includes(String(error.code))) {
      return false;
    }
    throw error;
  }
}

/**
 * Whether a group has a member that runs. A zombie does not: an orphaned one stays until process 1
 * collects it, in some containers for seconds or for ever. Where there is no `/proc` it counts.
 */
export function groupRuns(group: number): boolean {
  if (!signalGroup(group, 0)) return false;
  if (process.platform !== "linux") return true;
  return runningIn(group).length > 0;
}

/** The command lines of what runs in a group; nothing is known of them where there is no `/proc`. */
export function commandsIn(group: number): readonly string[] {
  if (process.platform !== "linux") return groupRuns(group) ? ["a process"] : [];
  return runningIn(group).map((pid) => readOf(pid, "cmdline").split("\0").join(" ").trim());
}

function runningIn(group: number): readonly string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && runsIn(group, name));
}

function runsIn(group: number, pid: string): boolean {
  const stat = readOf(pid, "stat");
  // The name, in brackets, may itself hold brackets and spaces (proc(5)).
  const [state = "X", , memberOf] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(memberOf) === group && !"ZX".includes(state);
}

function readOf(pid: string, file: "stat" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    // Gone between the listing and the look.
    return "";
  }
}
