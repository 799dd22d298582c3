import { isCounts } from "../counts.ts";
import { isProcessRecord } from "../process-record.ts";
import { isRecord, type ProxyTable, readTable } from "../table.ts";
import type { LedgerState } from "./traffic-ledger.ts";

/** What a holder leaves to the next one. */
export interface Heritage {
  /** How many workers there are to be. */
  readonly workers: number;
  readonly term: number;
  readonly ledger: LedgerState;
}

/** What whoever starts a holder writes to its standard input. */
export interface Handover {
  /** In force. */
  readonly table: ProxyTable | null;
  /** Null: the holder before died before it said. */
  readonly heritage: Heritage | null;
}

/** Reads it; nothing is in it when the starter died over it. */
export async function readHandover(): Promise<Handover> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of process.stdin) pieces.push(Buffer.from(piece));
    const read: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    if (!isRecord(read)) return nothing;
    const { table, heritage } = read;
    return { table: readTable(table), heritage: isHeritage(heritage) ? heritage : null };
  } catch {
    return nothing;
  }
}

const nothing: Handover = { table: null, heritage: null };

// Written by our own code, maybe of another version.
function isHeritage(value: unknown): value is Heritage {
  if (!isRecord(value) || !isRecord(value["ledger"])) return false;
  const { epoch, ended, living } = value["ledger"];
  return (
    typeof value["workers"] === "number" &&
    typeof value["term"] === "number" &&
    typeof epoch === "string" &&
    isCounts(ended) &&
    Array.isArray(living) &&
    living.every(isLiving)
  );
}

function isLiving(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value["worker"])) return false;
  return isProcessRecord(value["worker"]["process"]) && isCounts(value["counts"]);
}
