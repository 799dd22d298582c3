import { readdirSync, readFileSync } from "node:fs";
import { stateOf } from "../../test/bed/own-folder.ts";

/** A second of one core is 100 of these, on every Linux. */
const ticksPerSecond = 100;

/** A process and all that descend from it. */
export function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = Number(stateOf(pid).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  // It grows while it is gone through.
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** CPU time that the living threads of some processes have had so far, seconds, to the nanosecond. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOfOne(pid), 0);
}

/** CPU time of the children of this process that have ended so far, seconds, to 0.01. */
export function endedChildrenCpuSeconds(): number {
  const fields = stateOf(process.pid).split(" ");
  // cutime and cstime, 16 and 17 in proc(5); what is left begins with 3.
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

/** CPU time that the whole machine has spent so far, seconds of one core, to 0.01. */
export function machineCpuSeconds(): number {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

function cpuSecondsOfOne(pid: number): number {
  let nanoseconds = 0;
  for (const thread of list(`/proc/${pid}/task`)) {
    const [onCpu = 0] = read(`/proc/${pid}/task/${thread}/schedstat`).split(" ").map(Number);
    nanoseconds += onCpu;
  }
  return nanoseconds / 1e9;
}

function allPids(): readonly number[] {
  return list("/proc").map(Number).filter(Number.isInteger);
}

/** Empty when the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
