import type { Socket } from "node:net";
import type { Reason } from "../http/reasons.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { ProxyTimeouts } from "../timeouts.ts";
import type { Asker } from "./asker.ts";

/** After a WebSocket was closed in the replica's name: for the two peers to say goodbye. */
const goodbyeMs = 2_000;

/** What a request waits for; each has its timeout. */
export type Waiting =
  | "connect"
  /** For a replica; the queue knows for how long. */
  | "held"
  | "requestBody"
  | "replicaReading"
  | "responseHead"
  | "responseBody"
  | "responseStream"
  /** How quickly it reads is watched, not how long that takes. */
  | "clientReading"
  | "tunnel"
  | "goodbye";

/** The client side of one request. */
export interface ExchangeClient {
  readonly socket: Socket;
  /** Who sent that request. */
  askerOf(head: RequestHead): Asker;
  /** Starts the timeout of that wait. */
  waitFor(what: Waiting): void;
  /** The proxy answers in place of a replica; the exchange is over. */
  answer(reason: Reason): void;
  /** The answer is complete. */
  finished(close: boolean): void;
  /** The answer cannot be completed: the client must see a broken connection. */
  destroy(): void;
  /** Bytes that came before the tunnel was open. */
  takeHeld(): Buffer | null;
}

/** How long that may take, ms; 0: any time. */
export function timeoutOf(what: Waiting, timeouts: ProxyTimeouts): number {
  switch (what) {
    case "connect":
      return timeouts.connectMs;
    case "held":
    case "clientReading":
      return 0;
    case "replicaReading":
    case "responseHead":
      return timeouts.responseHeadMs;
    case "responseStream":
    case "tunnel":
      return timeouts.streamIdleMs;
    case "goodbye":
      return goodbyeMs;
    default:
      return timeouts.bodyIdleMs;
  }
}
