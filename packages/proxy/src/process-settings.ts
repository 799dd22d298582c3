import { dirname, join } from "node:path";
import { isRecord } from "./table.ts";
import type { ProxyTimeouts } from "./timeouts.ts";

/** What a holder and its workers are started with: JSON in their first argument. */
export interface ProcessSettings {
  /** Folder of the table and the log. */
  readonly stateDir: string;
  /** Where the holder is commanded. */
  readonly socketPath: string;
  readonly host: string;
  /** 0: any free one, only for the first worker of all. */
  readonly port: number;
  readonly timeouts: ProxyTimeouts;
  /** The listening socket comes with the process, as descriptor `inheritedFd`. */
  readonly inherits: boolean;
}

/** Where a process finds the listening socket that it was started with. */
export const inheritedFd = 4;

/** Throws when this process was not started by one of ours. */
export function readSettings(): ProcessSettings {
  const settings: unknown = JSON.parse(process.argv[2] ?? "null");
  if (!isSettings(settings)) throw new Error("this process is started by the proxy only");
  return settings;
}

// The starter is our own code of the same version.
function isSettings(value: unknown): value is ProcessSettings {
  return isRecord(value) && typeof value["socketPath"] === "string" && isRecord(value["timeouts"]);
}

/** Where a worker shows that it lives: beside the control socket. */
export function workerSocketPath(socketPath: string): string {
  return join(dirname(socketPath), "worker.sock");
}
