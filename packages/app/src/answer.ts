import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";

/** What answers a request: HTTP/1's response or HTTP/2's stream. */
export type Answer = ServerResponse | ServerHttp2Stream;

/** The head that an answer belongs to. */
export type Head = IncomingMessage | IncomingHttpHeaders;

const encodedHead = /\r\ncontent-encoding: *(?!identity)/i;
const eventStream = /^text\/event-stream\b/i;
const eventStreamHead = /\r\ncontent-type: *text\/event-stream\b/i;

export function isHttp1(answer: Answer): answer is ServerResponse {
  return "req" in answer;
}

/** Whether all of it was handed to the connection. */
export function wasAnswered(answer: Answer): boolean {
  return isHttp1(answer) ? answer.writableFinished : answer.rstCode === 0;
}

/** Whether server-sent events are being written there, by whatever library: an answer without an end of its own. */
export function isEventStream(answer: Answer): boolean {
  if (!answer.headersSent) return false;
  if (!isHttp1(answer)) return eventStream.test(String(answer.sentHeaders?.["content-type"] ?? ""));
  const type = answer.getHeader("content-type");
  if (type !== undefined) return eventStream.test(String(type));
  // Headers given to `writeHead` alone stand nowhere else than in the head as it was sent.
  return eventStreamHead.test(String(Reflect.get(answer, "_header")));
}

/** Whether what is written there is taken for compressed as it is. A library that compresses by itself has put its own `end` there. */
export function isEncoded(answer: Answer): boolean {
  if (Object.hasOwn(answer, "end")) return false;
  if (!isHttp1(answer)) return answer.sentHeaders?.["content-encoding"] !== undefined;
  return encodedHead.test(String(Reflect.get(answer, "_header")));
}

/**
 * Asks the client to use this connection for nothing else. HTTP/2 says that once for the whole connection, by GOAWAY.
 *
 * Said when the head is written, whatever the application has set or removed until then: code for server-sent
 * events sets `keep-alive`, and so do proxies; koa removes all headers before it answers an error.
 */
export function tellToLeave(answer: Answer): void {
  if (!isHttp1(answer) || answer.headersSent) return;
  const { writeHead } = answer;
  const telling = function (this: ServerResponse, ...args: unknown[]): unknown {
    if (!this.headersSent) this.setHeader("Connection", "close");
    return Reflect.apply(writeHead, this, args.map(withoutConnection));
  };
  Object.defineProperty(answer, "writeHead", {
    value: telling,
    configurable: true,
    writable: true,
  });
}

/** Of the arguments of `writeHead` only the headers change: an object, or a list of names and values in turn. */
function withoutConnection(given: unknown): unknown {
  if (typeof given !== "object" || given === null) return given;
  if (!Array.isArray(given)) {
    return Object.fromEntries(Object.entries(given).filter(([name]) => !isConnection(name)));
  }
  // Node takes pairs, too, but only where no header was set before, as we do.
  if (Array.isArray(given[0])) return withoutConnection(given.flat());
  return given.filter((_, place) => !isConnection(given[place - (place % 2)]));
}

function isConnection(name: unknown): boolean {
  return String(name).toLowerCase() === "connection";
}
