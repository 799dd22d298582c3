import type { TrafficTotals } from "@hitless/core";
import { isRecord, type ProxyTable } from "../table.ts";
import type { ProxyTimeouts } from "../timeouts.ts";
import type { PlaneStatus } from "./data-plane.ts";

/** What the holder tells a worker. */
export type ToWorker =
  | { readonly kind: "begin"; readonly timeouts: ProxyTimeouts; readonly table: ProxyTable | null }
  | { readonly kind: "open"; readonly host: string; readonly port: number }
  /** Comes with the handle of the listening socket. */
  | { readonly kind: "adopt" }
  | { readonly kind: "table"; readonly table: ProxyTable }
  | { readonly kind: "status"; readonly id: number }
  | { readonly kind: "cut"; readonly id: number; readonly replicaId: string }
  | { readonly kind: "stop"; readonly timeoutMs: number };

/** What a worker tells the holder. */
export type FromWorker =
  /** Comes with the handle of the listening socket. */
  | { readonly kind: "opened"; readonly port: number }
  | { readonly kind: "openFailed"; readonly code: string; readonly message: string }
  | { readonly kind: "inForce"; readonly generation: number; readonly ruleGeneration: number }
  | { readonly kind: "status"; readonly id: number; readonly status: PlaneStatus }
  | { readonly kind: "cut"; readonly id: number; readonly count: number }
  /** Several times a second while it changes; `last` when nothing can come any more. */
  | { readonly kind: "traffic"; readonly totals: TrafficTotals; readonly last: boolean };

// Both ends are the same version, started from the same files: the kind is proof enough.
export function isToWorker(message: unknown): message is ToWorker {
  return isRecord(message) && typeof message["kind"] === "string";
}

export function isFromWorker(message: unknown): message is FromWorker {
  return isRecord(message) && typeof message["kind"] === "string";
}
