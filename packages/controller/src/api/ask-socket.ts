import { type IncomingMessage, request } from "node:http";
import type { Origin } from "@hitless/core";

/** Carries the `Origin` of who asks: JSON, percent-encoded. */
export const originHeader = "hitless-origin";

/** One request to a unix socket. */
export interface SocketRequest {
  readonly socketPath: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Sent as JSON; undefined: no body. */
  readonly body?: unknown;
  /** Where who asks is; null: not said. */
  readonly origin: Origin | null;
  /** How long the answer's head may take, ms. */
  readonly answerWithinMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The answer did not begin in time: somebody holds the socket and does nothing. */
export class AnswerTimeout extends Error {
  readonly waitedMs: number;

  constructor(waitedMs: number) {
    super(`no answer within ${waitedMs} ms`);
    this.waitedMs = waitedMs;
  }
}

/**
 * Sends a request on a connection of its own; resolves with the answer's head, its body still to
 * be read. Rejects with the system's error, an `AnswerTimeout`, or the signal's abort.
 */
export function askSocket(asked: SocketRequest): Promise<IncomingMessage> {
  const { socketPath, method, path, answerWithinMs, signal, origin } = asked;
  const text = asked.body === undefined ? null : JSON.stringify(asked.body);
  const headers = {
    ...(origin === null ? {} : { [originHeader]: encodeURIComponent(JSON.stringify(origin)) }),
    ...(text === null
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const options = { socketPath, method, path, headers, agent: false };
    const sent = request(signal === undefined ? options : { ...options, signal });
    const timer = setTimeout(() => sent.destroy(new AnswerTimeout(answerWithinMs)), answerWithinMs);
    sent.once("response", (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    // Stays after the answer began: what breaks then is told by the answer's own stream.
    sent.on("error", (cause) => {
      clearTimeout(timer);
      reject(cause);
    });
    sent.end(text ?? undefined);
  });
}

/** The JSON value of an answer's body. */
export async function jsonOf(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
