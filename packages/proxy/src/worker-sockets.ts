import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { LineSocket } from "./line-socket.ts";
import { type ProcessRecord, readRecord } from "./process-record.ts";
import { isRecord } from "./table.ts";
import { answersOn } from "./unix-listener.ts";

/** For a worker to say something of itself; one that hangs does not. */
const saysWithinMs = 500;

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

/** What a worker says to whoever connects to its own socket. */
export interface Presence {
  /** It has started the next holder, which does not answer yet. */
  readonly starting: boolean;
}

/** Whether a worker says of itself that it is starting the next holder. */
export async function anyWorkerStarts(socketPath: string): Promise<boolean> {
  const presences = await Promise.all(shown(socketPath).map(presenceOn));
  return presences.some((presence) => isRecord(presence) && presence["starting"] === true);
}

/** Null from one that does not say. */
async function presenceOn(path: string): Promise<unknown> {
  const socket = await LineSocket.connect(path);
  if (socket === null) return null;
  const said = new Promise<unknown>((resolve) => {
    socket.onMessage(resolve);
    void socket.closed.then(() => resolve(null));
    setTimeout(resolve, saysWithinMs, null);
  });
  return await said.finally(() => socket.destroy());
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
