import type { IncomingMessage } from "node:http";
import type { Streams } from "./streams.ts";

/** What is used of a `WebSocketServer` of the `ws` package. */
export interface WebSocketServerLike {
  readonly clients: Iterable<WebSocketLike>;
  on(
    event: "connection",
    listener: (socket: WebSocketLike, request: IncomingMessage) => void,
  ): unknown;
}

export interface WebSocketLike {
  close(code: number, reason: string): void;
  terminate(): void;
  once(event: "close", listener: () => void): unknown;
}

const goingAway = 1001;
/** For the other side's close frame. The library would wait 30 s. */
const answerMs = 2000;

/** Each connection is closed with 1001 when the service drains, by the library itself, which knows what it still has to send. */
export function endWebSockets(streams: Streams, server: WebSocketServerLike): void {
  server.on("connection", (socket, request) => {
    streams.claim(request.socket);
    const remove = streams.add({
      end() {
        socket.close(goingAway, "going away");
        setTimeout(() => socket.terminate(), answerMs).unref();
      },
      destroy: () => socket.terminate(),
    });
    socket.once("close", remove);
  });
}
