import type { TrafficView } from "@hitless/core";
import { isRecord, type ProxyTable } from "./table.ts";
import type { PlaneStatus } from "./worker/data-plane.ts";

/** Said in the greeting; a client refuses a holder that speaks another one. */
export const protocolVersion = 1;

/** What a control client asks; one JSON object a line. */
export type ControlRequest =
  | { readonly id: number; readonly kind: "apply"; readonly table: ProxyTable }
  | { readonly id: number; readonly kind: "status" }
  | { readonly id: number; readonly kind: "cut"; readonly replicaId: string }
  | { readonly id: number; readonly kind: "stop"; readonly timeoutMs: number };

/** One worker's part of the status. */
export type WorkerStatus = PlaneStatus & { readonly pid: number };

/** Whether requests are served, as the holder says in its greeting. */
export interface WorkerState {
  readonly serves: boolean;
  /** So many workers in a row ended before they served. */
  readonly failedStarts: number;
  /** How the last of those ended, in words; empty without one. */
  readonly lastFailure: string;
}

/** What the holder says; one JSON object a line. */
export type ControlMessage =
  | {
      readonly kind: "hello";
      readonly protocol: number;
      readonly holderPid: number;
      readonly port: number;
      /** A holder that was started by an older version does not say. */
      readonly worker?: WorkerState;
    }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "count"; readonly id: number; readonly count: number }
  | {
      readonly kind: "status";
      readonly id: number;
      readonly holderPid: number;
      readonly workers: readonly WorkerStatus[];
      /** A holder that was started by an older version does not say. */
      readonly traffic?: TrafficView;
    }
  | { readonly kind: "refused"; readonly id: number; readonly message: string }
  | { readonly kind: "workers"; readonly pids: readonly number[] };

/** Checks the envelope; the table inside an `apply` is read by `readTable`. */
export function isControlRequest(value: unknown): value is ControlRequest {
  return isRecord(value) && typeof value["id"] === "number" && typeof value["kind"] === "string";
}

export function isControlMessage(value: unknown): value is ControlMessage {
  return isRecord(value) && typeof value["kind"] === "string";
}

const maxLineBytes = 16 * 1_024 * 1_024;

/** Cuts a stream of bytes into JSON values, one a line. */
export class JsonLines {
  #rest = "";
  readonly #decoder = new TextDecoder();

  /** The values that are complete with `data`. Throws on a line that is no JSON, or endless. */
  push(data: Buffer): readonly unknown[] {
    const lines = (this.#rest + this.#decoder.decode(data, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > maxLineBytes) throw new Error("a control message is too long");
    return lines.filter((line) => line !== "").map((line): unknown => JSON.parse(line));
  }
}
