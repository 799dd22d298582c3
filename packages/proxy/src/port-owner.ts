import { readdir, readFile, readlink } from "node:fs/promises";

const listening = "0A";

/** The pid of the process that listens on that TCP port; null where that cannot be found out. */
export async function portOwner(port: number): Promise<number | null> {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(table, "utf8").catch(() => "");
    for (const inode of listeningInodes(text, port)) inodes.add(`socket:[${inode}]`);
  }
  if (inodes.size === 0) return null;
  const entries = await readdir("/proc").catch(() => []);
  for (const pid of entries.filter((name) => /^\d+$/.test(name))) {
    if (await holds(pid, inodes)) return Number(pid);
  }
  return null;
}

/** The inodes of listening sockets on `port`, from the text of /proc/net/tcp (proc(5)). */
function listeningInodes(text: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(wanted) === true && fields[3] === listening)
    .map((fields) => fields[9] ?? "");
}

async function holds(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  // Other users' processes do not let us look.
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
    if (inodes.has(target)) return true;
  }
  return false;
}
