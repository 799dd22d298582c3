import { execFileSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { membersOf } from "./process-group.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { listProcesses, platform } from "./process-table.ts";

/** Who would get a connection to a TCP port of 127.0.0.1. `pid` is null when it cannot be seen. */
export type PortOwner =
  | { readonly kind: "ours"; readonly pid: number }
  | { readonly kind: "stranger"; readonly pid: number | null }
  | { readonly kind: "nobody" };

/**
 * Says whether the replica led by `leader` holds the port. A listener on 127.0.0.1 wins over one
 * on every address, as in the kernel; where several share the port (`SO_REUSEPORT`) and one of
 * them is not of the replica, the port is a stranger's. On macOS `lsof` is asked, which does not
 * tell the addresses apart.
 */
export function ownerOf(port: number, leader: ProcessIdentity): PortOwner {
  if (platform() === "darwin") return ownerByLsof(port, leader);
  const owner = readOwner(port, leader);
  // A listener that closes between the two readings looks like one that is hidden from us.
  return owner.kind === "stranger" && owner.pid === null ? readOwner(port, leader) : owner;
}

/** Whether anything listens on this port of any address of the machine (Linux; else false). */
export function isListenedOn(port: number): boolean {
  if (platform() === "darwin") return false;
  return listeningRows().some((row) => row.port === port);
}

/** Where a link under /proc points; null when the process is gone or not ours to read. */
export function readLinkIfPresent(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function readOwner(port: number, leader: ProcessIdentity): PortOwner {
  const inodes = listenersOn(port);
  if (inodes.length === 0) return { kind: "nobody" };
  const ours = holders([leader.pid], inodes);
  if (ours.size < inodes.length) addAll(ours, holders(membersOf(leader), inodes));
  const foreign = inodes.filter((inode) => !ours.has(inode));
  if (foreign.length > 0) return { kind: "stranger", pid: anyHolder(foreign) };
  return { kind: "ours", pid: [...ours.values()][0] ?? leader.pid };
}

interface ListeningRow {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** Addresses as /proc/net writes them, in the order in which the kernel prefers their sockets. */
const addressTiers: readonly (readonly string[])[] = [
  ["0100007F", "0000000000000000FFFF00000100007F"],
  ["00000000"],
  ["00000000000000000000000000000000"],
];

const listening = "0A";

function listenersOn(port: number): readonly string[] {
  const rows = listeningRows().filter((row) => row.port === port);
  for (const tier of addressTiers) {
    const effective = rows.filter((row) => tier.includes(row.address));
    if (effective.length > 0) return effective.map((row) => row.inode);
  }
  return [];
}

function listeningRows(): readonly ListeningRow[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => readListening(path));
}

/**
 * The kernel writes the listening sockets first and all others after them, so that reading stops
 * at the first other: a busy machine has tens of thousands of those.
 */
function readListening(path: string): readonly ListeningRow[] {
  const rows: ListeningRow[] = [];
  for (const line of linesOf(path)) {
    const fields = line.trim().split(/\s+/);
    if (fields[0] === "sl") continue;
    if (fields[3] !== listening) break;
    const [address = "", port = ""] = (fields[1] ?? "").split(":");
    rows.push({ address, port: Number.parseInt(port, 16), inode: fields[9] ?? "" });
  }
  return rows;
}

function* linesOf(path: string): Generator<string> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return;
  }
  try {
    const buffer = Buffer.alloc(16_384);
    let rest = "";
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
      const lines = (rest + buffer.toString("latin1", 0, size)).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    closeSync(file);
  }
}

/** Which of these sockets the processes hold: inode → pid. */
function holders(pids: readonly number[], inodes: readonly string[]): Map<string, number> {
  const wanted = new Map(inodes.map((inode) => [`socket:[${inode}]`, inode]));
  const found = new Map<string, number>();
  for (const pid of pids) {
    for (const link of descriptorsOf(pid)) {
      const inode = wanted.get(link);
      if (inode !== undefined) found.set(inode, pid);
      if (found.size === wanted.size) return found;
    }
  }
  return found;
}

function* descriptorsOf(pid: number): Generator<string> {
  const folder = `/proc/${pid}/fd`;
  for (const name of readFolder(folder)) {
    const link = readLinkIfPresent(`${folder}/${name}`);
    if (link !== null) yield link;
  }
}

function anyHolder(inodes: readonly string[]): number | null {
  const everybody = listProcesses().map((entry) => entry.pid);
  return [...holders(everybody, inodes).values()][0] ?? null;
}

function addAll(into: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [inode, pid] of from) into.set(inode, pid);
}

function readFolder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function ownerByLsof(port: number, leader: ProcessIdentity): PortOwner {
  const pids = lsof(["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fp"]);
  const [first] = pids;
  if (first === undefined) return { kind: "nobody" };
  const members = membersOf(leader);
  const foreign = pids.find((pid) => !members.includes(pid));
  return foreign === undefined ? { kind: "ours", pid: first } : { kind: "stranger", pid: foreign };
}

function lsof(args: readonly string[]): readonly number[] {
  try {
    const output = execFileSync("lsof", args, { encoding: "utf8" });
    return [...output.matchAll(/^p(\d+)$/gm)].map((found) => Number(found[1]));
  } catch {
    // lsof exits 1 when nothing matches.
    return [];
  }
}
