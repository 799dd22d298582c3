import { defaultFront, type FrontSettings } from "@hitless/core/traffic";

/** How long the proxy waits for what, in milliseconds. 0 turns a timeout off. */
export interface ProxyTimeouts {
  /** A client connection without a request. Default 75 000. */
  readonly clientIdleMs: number;
  /** From the first byte of a request head to its last. Default 10 000. */
  readonly requestHeadMs: number;
  /** Between two pieces of a body, and for a client that reads less than 240 bytes per second of what waits for it. Default 30 000, until a table says otherwise. */
  readonly bodyIdleMs: number;
  /** Within that time a request body may be slower than 240 bytes per second. Default 5 000. */
  readonly bodyGraceMs: number;
  /** Opening a connection to a replica. Default 1 000. */
  readonly connectMs: number;
  /** For a replica to take more of a body, and from the end of the request to the answer's head. Default 60 000, until a table says otherwise. */
  readonly responseHeadMs: number;
  /** A request without the head of an answer for so long counts as stalled, as coarse as deadlines are. Default 5 000. */
  readonly stalledAfterMs: number;
  /** Between two pieces of a tunnel or of an answer without a length (SSE). Default 3 600 000. */
  readonly streamIdleMs: number;
  /** For a worker to answer its holder; then it is killed and replaced. Default 10 000. */
  readonly workerAnswerMs: number;
  /** How often deadlines are looked at, which is also how coarse they are. Default 1 000. */
  readonly tickMs: number;
}

export const defaultTimeouts: ProxyTimeouts = {
  clientIdleMs: 75_000,
  requestHeadMs: 10_000,
  bodyIdleMs: defaultFront.bodyIdleTimeoutSeconds * 1_000,
  bodyGraceMs: 5_000,
  connectMs: 1_000,
  responseHeadMs: defaultFront.responseTimeoutSeconds * 1_000,
  stalledAfterMs: 5_000,
  streamIdleMs: 3_600_000,
  workerAnswerMs: 10_000,
  tickMs: 1_000,
};

/** Those times, with what the settings say in their place. */
export function timeoutsUnder(
  timeouts: ProxyTimeouts,
  front: Pick<FrontSettings, "responseTimeoutSeconds" | "bodyIdleTimeoutSeconds"> | undefined,
): ProxyTimeouts {
  if (front === undefined) return timeouts;
  return {
    ...timeouts,
    responseHeadMs: front.responseTimeoutSeconds * 1_000,
    bodyIdleMs: front.bodyIdleTimeoutSeconds * 1_000,
  };
}
