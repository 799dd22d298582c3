import type { Socket } from "node:net";
import type { Reason } from "../http/reasons.ts";

/** What a request waits for; each has its timeout. */
export type Waiting =
  | "connect"
  | "requestBody"
  | "replicaReading"
  | "responseHead"
  | "responseBody"
  | "responseStream"
  | "clientReading"
  | "tunnel";

/** The client side of one request. */
export interface ExchangeClient {
  readonly socket: Socket;
  /** Complete `X-Forwarded-*` lines, then the empty line. */
  readonly headTail: string;
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
