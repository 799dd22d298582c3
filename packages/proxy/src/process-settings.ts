import { isRecord } from "./table.ts";
import { defaultTimeouts, type ProxyTimeouts } from "./timeouts.ts";

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
  /** How many workers there are to be. */
  readonly workers: number;
  /** Grows with every upgrade: workers of an earlier one are replaced. */
  readonly term: number;
  /** A worker's place among those that live, from 0 on; no two have the same. */
  readonly slot: number;
  /** A holder that takes over from one that lives, with workers of its own. */
  readonly upgrades: boolean;
  /** The listening socket comes with the process, as descriptor `inheritedFd`. */
  readonly inherits: boolean;
}

/** Where a process finds the listening socket that it was started with. */
export const inheritedFd = 4;

/** A holder of another version may have said less. */
const defaults = { workers: 1, term: 1, slot: 0, upgrades: false };

/** Throws when this process was not started by one of ours. */
export function readSettings(): ProcessSettings {
  const settings: unknown = JSON.parse(process.argv[2] ?? "null");
  if (!isSettings(settings)) throw new Error("this process is started by the proxy only");
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  return { ...defaults, ...settings, timeouts };
}

function isSettings(value: unknown): value is ProcessSettings {
  return isRecord(value) && typeof value["socketPath"] === "string" && isRecord(value["timeouts"]);
}
