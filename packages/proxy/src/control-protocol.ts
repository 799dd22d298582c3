import type { TrafficView } from "@hitless/core";
import type { ByRevision } from "./counts.ts";
import type { Entry } from "./source-runtime.ts";
import { isRecord, type ProxyTable, readTable } from "./table.ts";
import type { PlaneStatus } from "./worker/data-plane.ts";

/** Said in the greeting; a client refuses a holder that speaks another one. */
export const protocolVersion = 1;

/** What a control client asks; one JSON object a line. */
export type ControlRequest =
  | { readonly id: number; readonly kind: "apply"; readonly table: ProxyTable }
  | { readonly id: number; readonly kind: "status" }
  | { readonly id: number; readonly kind: "cut"; readonly replicaId: string }
  | { readonly id: number; readonly kind: "workers"; readonly count: number }
  /** Gives way to the holder that is started so. */
  | { readonly id: number; readonly kind: "upgrade"; readonly entry: Entry }
  | { readonly id: number; readonly kind: "stop"; readonly timeoutMs: number };

/** The most workers of one proxy. */
export const mostWorkers = 32;

/** One worker's part of the status; one that is leaving was replaced, and finishes what it has. */
export type WorkerStatus = PlaneStatus & { readonly pid: number; readonly leaving: boolean };

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
      /** Of the code that the holder runs. A holder that was started by an older version does not say. */
      readonly build?: string;
      /** How many workers there are to be. A holder that was started by an older version does not say. */
      readonly workers?: number;
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
      /** Of all workers, those that ended included. */
      readonly traffic: TrafficView;
      readonly revisions: ByRevision;
    }
  | { readonly kind: "refused"; readonly id: number; readonly message: string }
  | { readonly kind: "workers"; readonly pids: readonly number[] };

/** The number under which an answer is expected; null for what is no request at all. */
export function idOf(value: unknown): number | null {
  return isRecord(value) && typeof value["id"] === "number" ? value["id"] : null;
}

/** Throws on what is no request, with what is wrong. */
export function readControlRequest(value: unknown): ControlRequest {
  const id = idOf(value);
  if (id === null || !isRecord(value)) throw new Error("that is no request");
  const { kind } = value;
  switch (kind) {
    case "apply": {
      const table = readTable(value["table"]);
      if (table === null) throw new Error("that is no route table");
      return { id, kind, table };
    }
    case "status":
      return { id, kind };
    case "cut": {
      const { replicaId } = value;
      if (typeof replicaId !== "string") throw wrong("replicaId", replicaId);
      return { id, kind, replicaId };
    }
    case "workers":
      return { id, kind, count: numberIn(value, "count", { least: 1, most: mostWorkers }) };
    case "upgrade": {
      const { entry } = value;
      if (!isEntry(entry)) throw wrong("entry", entry);
      return { id, kind, entry };
    }
    case "stop":
      return { id, kind, timeoutMs: numberIn(value, "timeoutMs", { least: 0, most: mostMs }) };
    default:
      throw wrong("kind", kind);
  }
}

function isEntry(value: unknown): value is Entry {
  if (!isRecord(value) || !Array.isArray(value["execArgv"])) return false;
  const words = [value["execPath"], value["path"], ...value["execArgv"]];
  return words.every((word) => typeof word === "string");
}

/** The longest that a timer can wait, ms. */
const mostMs = 2 ** 31 - 1;

function numberIn(
  request: Readonly<Record<string, unknown>>,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const value = request[name];
  const isRight = Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
  if (!isRight) throw wrong(name, value);
  return Number(value);
}

function wrong(name: string, value: unknown): Error {
  return new Error(`${name} must not be ${JSON.stringify(value)}`);
}

type StatusAnswer = Extract<ControlMessage, { kind: "status" }>;

/** Whether an answer is a status with all that a client reads of it. */
export function isStatusAnswer(answer: ControlMessage): answer is StatusAnswer {
  if (answer.kind !== "status" || typeof answer.holderPid !== "number") return false;
  const { workers, revisions, traffic } = answer;
  return (
    Array.isArray(workers) &&
    workers.every(isWorkerStatus) &&
    isRecord(revisions) &&
    Object.values(revisions).every(isCounters) &&
    isRecord(traffic) &&
    isRecord(traffic["totals"])
  );
}

function isWorkerStatus(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { pid, generation, ruleGeneration, openConnections } = value;
  const { inFlight, idleUpstream, answeredByProxy } = value;
  return (
    [pid, generation, ruleGeneration, openConnections].every((one) => typeof one === "number") &&
    [inFlight, idleUpstream, answeredByProxy].every(isCounters)
  );
}

function isCounters(value: unknown): boolean {
  return (
    isRecord(value) &&
    Object.values(value)
      .flat()
      .every((one) => typeof one === "number")
  );
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
