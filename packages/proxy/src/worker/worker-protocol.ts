import type { TrafficTotals } from "@hitless/core";
import type { LedgerState } from "../holder/traffic-ledger.ts";
import { isRecord, type ProxyTable } from "../table.ts";
import type { ByRevision, PlaneStatus } from "./data-plane.ts";

/** What the holder tells a worker. */
export type ToWorker =
  /** Listen, on the socket that came along or on a new one. */
  | {
      readonly kind: "begin";
      readonly table: ProxyTable | null;
      readonly ledger: LedgerState;
      /** What the worker before it reported last. */
      readonly revisions: ByRevision;
    }
  | { readonly kind: "table"; readonly table: ProxyTable }
  | { readonly kind: "status"; readonly id: number }
  | { readonly kind: "cut"; readonly id: number; readonly replicaId: string }
  | { readonly kind: "stop"; readonly timeoutMs: number };

/** What a worker tells the holder. */
export type FromWorker =
  /** To a holder that it started: command me. That is what the one before knew. */
  | {
      readonly kind: "takeOver";
      /** In force. */
      readonly table: ProxyTable | null;
      /** Null: it died before it said. */
      readonly ledger: LedgerState | null;
      readonly totals: TrafficTotals;
      readonly revisions: ByRevision;
    }
  /** Comes with the handle of the listening socket. */
  | { readonly kind: "opened"; readonly port: number }
  | { readonly kind: "openFailed"; readonly code: string; readonly message: string }
  | { readonly kind: "inForce"; readonly generation: number; readonly ruleGeneration: number }
  | { readonly kind: "status"; readonly id: number; readonly status: PlaneStatus }
  | { readonly kind: "cut"; readonly id: number; readonly count: number }
  /** Several times a second while it changes; `last` when nothing can come any more. */
  | {
      readonly kind: "traffic";
      readonly totals: TrafficTotals;
      readonly revisions: ByRevision;
      readonly last: boolean;
    };

// Both ends are the same version, started from the same files: the kind is proof enough.
export function isToWorker(message: unknown): message is ToWorker {
  return isRecord(message) && typeof message["kind"] === "string";
}

export function isFromWorker(message: unknown): message is FromWorker {
  return isRecord(message) && typeof message["kind"] === "string";
}
