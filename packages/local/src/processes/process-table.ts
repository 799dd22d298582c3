import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { HitlessError } from "@hitless/core";

/** One process as the kernel describes it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly group: number;
  /** The session's leader; on macOS the group, which is all that `ps` tells there. */
  readonly session: number;
  /** Opaque but stable: clock ticks since boot on Linux, the full start date on macOS. */
  readonly startTime: string;
  /** It has ended and waits for its parent to ask why. */
  readonly zombie: boolean;
  /** A signal or a debugger holds it. */
  readonly stopped: boolean;
}

/** The process of that id, ended ones that nobody collected included; null when there is none. */
export function readProcess(pid: number): ProcessEntry | null {
  if (platform() === "darwin") return readWithPs(["-p", String(pid)])[0] ?? null;
  return parseStat(readIfPresent(`/proc/${pid}/stat`));
}

/** Every process that this user may see. One that ends while the list is read is left out. */
export function listProcesses(): readonly ProcessEntry[] {
  if (platform() === "darwin") return readWithPs(["-A"]);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseStat(readIfPresent(`/proc/${name}/stat`)))
    .filter((entry) => entry !== null);
}

/** Changes with every boot of the machine, so that a pid of the last boot is never believed. */
export function readBootId(): string {
  if (platform() === "darwin") {
    return execFileSync("sysctl", ["-n", "kern.boottime"], { encoding: "utf8" }).trim();
  }
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** The platform, if replicas can be supervised on it. Throws `UNSUPPORTED_PLATFORM` elsewhere. */
export function platform(): "linux" | "darwin" {
  if (process.platform === "linux" || process.platform === "darwin") return process.platform;
  throw new HitlessError(
    "UNSUPPORTED_PLATFORM",
    `the single-machine engine does not run on ${process.platform}`,
    { next: "run it on Linux, or on macOS with weaker checks" },
  );
}

/** The text of a file under /proc, or null when the process is gone or not ours to read. */
export function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/**
 * Reads one line of `/proc/<pid>/stat` (proc_pid_stat(5)). The command in parentheses may itself
 * hold spaces and parentheses, so the fields are counted from the last one.
 */
export function parseStat(text: string | null): ProcessEntry | null {
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const startTime = fields[19];
  if (startTime === undefined) return null;
  return {
    pid: Number.parseInt(text, 10),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime,
    zombie: fields[0] === "Z" || fields[0] === "X",
    stopped: fields[0] === "T" || fields[0] === "t",
  };
}

function readWithPs(which: readonly string[]): readonly ProcessEntry[] {
  let output: string;
  try {
    const columns = ["-o", "pid=,pgid=,stat=,lstart="];
    output = execFileSync("ps", [...which, ...columns], { encoding: "utf8" });
  } catch {
    return [];
  }
  return output
    .split("\n")
    .map(parsePsLine)
    .filter((entry) => entry !== null);
}

function parsePsLine(line: string): ProcessEntry | null {
  const found = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
  if (found === null) return null;
  const [, pid, group, status = "", startTime = ""] = found;
  return {
    pid: Number(pid),
    group: Number(group),
    session: Number(group),
    startTime,
    zombie: status.startsWith("Z"),
    stopped: status.startsWith("T"),
  };
}
