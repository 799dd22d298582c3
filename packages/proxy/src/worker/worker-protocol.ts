import { type Counts, isCounts } from "../counts.ts";
import type { Heritage } from "../holder/heritage.ts";
import { isProcessRecord, type ProcessRecord } from "../process-record.ts";
import { isRecord, type ProxyTable } from "../table.ts";
import type { PlaneStatus } from "./data-plane.ts";

/** How a worker goes: it stops accepting, and says `Connection: close` with every answer. */
export interface LeaveOrder {
  /** After that clients without a request under way are ended, ms from now. */
  readonly lingerMs: number;
  /** After that whatever is left is broken off, ms from now. */
  readonly timeoutMs: number;
}

/** What the holder tells a worker, over the socket that the worker has connected to. */
export type ToWorker =
  /** Accept, by that table. */
  | { readonly kind: "begin"; readonly table: ProxyTable | null }
  | { readonly kind: "table"; readonly table: ProxyTable }
  /** What the next holder has to know, should this one die; the worker of rank 0 starts it. */
  | {
      readonly kind: "heritage";
      readonly holderPid: number;
      readonly rank: number;
      readonly heritage: Heritage;
    }
  | { readonly kind: "status"; readonly id: number }
  | { readonly kind: "cut"; readonly id: number; readonly replicaId: string }
  /** The newest order counts. */
  | ({ readonly kind: "leave" } & LeaveOrder);

/** What a worker says first to a holder, whoever started it. */
export interface Introduction {
  readonly kind: "here";
  readonly process: ProcessRecord;
  readonly slot: number;
  readonly term: number;
  /** Whether it accepts, or is about to; else it waits for `begin`. */
  readonly begun: boolean;
  /** Whether it has acknowledged the table. */
  readonly serves: boolean;
  readonly leaving: boolean;
  /** In force. */
  readonly table: ProxyTable | null;
  readonly counts: Counts;
  /** Where its counts belong; null before a holder has said so, a worker of an older version does not say. */
  readonly epoch?: string | null;
}

/** What a worker tells the holder. */
export type FromWorker =
  | Introduction
  | { readonly kind: "inForce"; readonly generation: number }
  | { readonly kind: "status"; readonly id: number; readonly status: PlaneStatus }
  | { readonly kind: "cut"; readonly id: number; readonly count: number }
  /** Several times a second while it changes; `last` when nothing can come any more. */
  | { readonly kind: "traffic"; readonly counts: Counts; readonly last: boolean };

/** What the first worker of all tells the holder over IPC, the handle of the listening socket with it. */
export type FromOpener =
  | { readonly kind: "opened"; readonly port: number }
  | { readonly kind: "openFailed"; readonly code: string; readonly message: string };

// Both ends are ours: the kind is proof enough. What a later version says besides is ignored.
export function isToWorker(message: unknown): message is ToWorker {
  return isRecord(message) && typeof message["kind"] === "string";
}

/** Counts are looked at, too: what cannot be added up would end each holder that inherits it. */
export function isFromWorker(message: unknown): message is FromWorker {
  if (!isRecord(message) || typeof message["kind"] !== "string") return false;
  const { kind, counts, status } = message;
  if (kind === "traffic") return isCounts(counts);
  if (kind !== "status") return true;
  return isRecord(status) && isCounts({ ...status, totals: status["traffic"] });
}

export function isFromOpener(message: unknown): message is FromOpener {
  return isRecord(message) && (message["kind"] === "opened" || message["kind"] === "openFailed");
}

export function isIntroduction(message: unknown): message is Introduction {
  if (!isRecord(message) || message["kind"] !== "here") return false;
  const { process, slot, term, counts } = message;
  const isWorker = typeof slot === "number" && typeof term === "number";
  return isWorker && isProcessRecord(process) && isCounts(counts);
}
