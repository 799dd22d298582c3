import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { Writable } from "node:stream";
import type { Streams } from "./streams.ts";

export interface ServerSentEvent {
  /** Text as it is; anything else as JSON. */
  readonly data: unknown;
  readonly event?: string | undefined;
  readonly id?: string | undefined;
}

export interface EventStream {
  /** False: its buffer is full, or it is over; as `write` of Node's streams. */
  send(event: ServerSentEvent): boolean;
  /** Ends it, whole events only. */
  close(): void;
  /** Aborted when the client has left, or the stream was ended. */
  readonly signal: AbortSignal;
}

export interface EventStreamOptions {
  /** A comment so often keeps proxies from closing a quiet stream. Default 15,000; 0: none. */
  readonly heartbeatMs?: number | undefined;
}

/** Answers with server-sent events, which are ended behind a whole event when the service drains. */
export function openEventStream(
  streams: Streams,
  response: ServerResponse | Http2ServerResponse,
  { heartbeatMs = 15_000 }: EventStreamOptions,
): EventStream {
  // What a request's answer is known by: `Answer`.
  const answer = "stream" in response ? response.stream : response;
  streams.claim(answer);
  const body: Writable = response;
  const over = new AbortController();
  // Its handler may have ended it by itself: to write then would be an error that nobody listens for.
  const write = (text: string) => !body.writableEnded && body.write(text);
  const heartbeat = heartbeatMs > 0 ? setInterval(() => write(":\n\n"), heartbeatMs) : null;
  const end = (last = "") => {
    if (over.signal.aborted) return;
    over.abort();
    if (heartbeat !== null) clearInterval(heartbeat);
    if (!("stream" in response)) {
      const { socket } = response;
      response.once("finish", () => socket?.end());
    }
    if (!body.writableEnded) body.end(last);
  };
  const remove = streams.add({
    end: (retryMs) => end(`retry: ${retryMs}\n\n`),
    destroy: () => void response.destroy(),
  });
  const left = () => {
    remove();
    end();
  };
  response.once("close", left);
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  if (!("stream" in response)) response.flushHeaders();
  // Its client may have left while the handler was still making up its mind: nothing will ever say so again.
  if (answer.destroyed) left();
  const send = (event: ServerSentEvent) => !over.signal.aborted && write(format(event));
  return { send, close: () => end(), signal: over.signal };
}

function format({ data, event, id }: ServerSentEvent): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  const fields = [
    ...(id === undefined ? [] : [`id: ${oneLine(id)}`]),
    ...(event === undefined ? [] : [`event: ${oneLine(event)}`]),
    ...text.split(/\r\n|\r|\n/).map((line) => `data: ${line}`),
  ];
  return `${fields.join("\n")}\n\n`;
}

/** A line break here would let its author write fields of his own. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]/g, " ");
}
