import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { logLine } from "./log-line.ts";
import { isRecord } from "./table.ts";

/** Names one process for ever: a pid alone is given to another process one day. */
export interface ProcessRecord {
  readonly bootId: string;
  readonly pid: number;
  /** Clock ticks since boot on Linux, the full start date on macOS. */
  readonly startTime: string;
}

const version = 1;

/**
 * Notes that this process listens on that unix socket, in `SOCKET.json` beside it, mode 0600. A disk
 * that does not take it is no reason not to serve.
 */
export function writeRecord(socketPath: string): void {
  const record = ownRecord();
  const temporary = `${recordPath(socketPath)}.${process.pid}`;
  try {
    // Not flushed: after a reboot none of it is believed.
    writeFileSync(temporary, `${JSON.stringify({ version, process: record })}\n`, { mode: 0o600 });
    renameSync(temporary, recordPath(socketPath));
  } catch (error) {
    rmSync(temporary, { force: true });
    logLine(`proxy ${process.pid}: ${String(error)}`);
  }
}

export function hasRecord(socketPath: string): boolean {
  return existsSync(recordPath(socketPath));
}

/** Who noted that it listens there, dead or alive; null when nobody did in a way that can be read. */
export function readRecord(socketPath: string): ProcessRecord | null {
  try {
    const file: unknown = JSON.parse(readFileSync(recordPath(socketPath), "utf8"));
    if (!isRecord(file) || file["version"] !== version) return null;
    return isProcessRecord(file["process"]) ? file["process"] : null;
  } catch {
    return null;
  }
}

export function removeRecord(socketPath: string): void {
  rmSync(recordPath(socketPath), { force: true });
}

/** Changes with every boot; empty where the system does not tell. */
export function bootId(): string {
  try {
    return process.platform === "darwin"
      ? said("sysctl", "-n", "kern.boottime")
      : readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** This process. */
export function ownRecord(): ProcessRecord {
  return { bootId: bootId(), pid: process.pid, startTime: startTimeOf(process.pid) };
}

/** Whether that very process still runs; a zombie does not. */
export function isRunning(record: ProcessRecord): boolean {
  const { pid, startTime } = record;
  return pid > 0 && record.bootId === bootId() && startTimeOf(pid) === startTime;
}

/** Ends that very process, and no other one that has its id by now. */
export function killRecorded(record: ProcessRecord): void {
  try {
    if (isRunning(record)) process.kill(record.pid, "SIGKILL");
  } catch {
    // It was faster.
  }
}

export function isProcessRecord(value: unknown): value is ProcessRecord {
  if (!isRecord(value)) return false;
  const { bootId: boot, pid, startTime } = value;
  return typeof boot === "string" && typeof pid === "number" && typeof startTime === "string";
}

/** Empty for a process that is gone, or that nobody has collected. */
function startTimeOf(pid: number): string {
  try {
    if (process.platform === "darwin") return said("ps", "-o", "lstart=", "-p", `${pid}`);
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // proc_pid_stat(5): the command in parentheses may itself hold some.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}

function said(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8" }).trim();
}

function recordPath(socketPath: string): string {
  return `${socketPath}.json`;
}
