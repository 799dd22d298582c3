import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ProcessRecord, readRecord } from "./process-record.ts";
import { answersOn } from "./unix-listener.ts";

/** Where the holder waits for its workers: beside the control socket. */
export function workersSocketPath(socketPath: string): string {
  return join(dirname(socketPath), "workers.sock");
}

/** Where a worker shows, as long as it has the listening socket, that it lives. */
export function workerSocketPath(socketPath: string, slot: number): string {
  return join(dirname(socketPath), `worker-${slot}.sock`);
}

/** Whether any worker has the listening socket: then a holder comes that is not there yet. */
export async function anyWorkerAnswers(socketPath: string): Promise<boolean> {
  const answers = await Promise.all(shown(socketPath).map(answersOn));
  return answers.includes(true);
}

/** Who noted that it has the listening socket, dead or alive. */
export function workerRecords(socketPath: string): readonly ProcessRecord[] {
  return shown(socketPath)
    .map(readRecord)
    .filter((record) => record !== null);
}

/** By socket or by note: either may have been removed. */
function shown(socketPath: string): readonly string[] {
  const folder = dirname(socketPath);
  try {
    const found = readdirSync(folder).map(
      (name) => /^(worker-\d+\.sock)(\.json)?$/.exec(name)?.[1],
    );
    const names = new Set(found.filter((name) => name !== undefined));
    return [...names].map((name) => join(folder, name));
  } catch {
    return [];
  }
}
