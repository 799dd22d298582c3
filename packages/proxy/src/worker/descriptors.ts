import { readFileSync } from "node:fs";

/** What a worker has open besides connections: listeners, logs, pipes, and what Node itself needs. */
const ownDescriptors = 48;

/** How many descriptors this process may have; null where the system does not tell. */
export function descriptorLimit(): number | null {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}

/**
 * How many clients can be served within so many descriptors: each may need a second one, to a
 * replica, and a quarter more are those that are being sent away. Beyond the limit the system would
 * close new connections without a word.
 */
export function clientsWithin(limit: number | null): number {
  if (limit === null) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor((limit - ownDescriptors) / 2.25));
}
