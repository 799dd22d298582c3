import { isRecord } from "../table.ts";

/** What the holder tells the process that started it, once, over IPC. */
export type StartReport =
  | { readonly kind: "ready"; readonly port: number }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export function isStartReport(message: unknown): message is StartReport {
  return isRecord(message) && (message["kind"] === "ready" || message["kind"] === "failed");
}
