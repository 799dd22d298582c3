import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { LiveStream } from "./streams.ts";

/** An unmasked close frame with code 1001, "going away" (RFC 6455, 5.5.1 and 7.4.1). */
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
const answerMs = 2000;

/**
 * A connection that left HTTP. A control frame may stand between any two frames, and libraries write whole ones:
 * so a WebSocket can be told from outside. What else was upgraded is only closed.
 */
export function upgradedSocket(request: IncomingMessage, socket: Duplex): LiveStream {
  const isWebSocket = request.headers.upgrade?.toLowerCase() === "websocket";
  return {
    end() {
      socket.on("error", () => {});
      if (!isWebSocket) return void socket.end();
      socket.write(goingAway);
      setTimeout(() => socket.destroy(), answerMs).unref();
    },
    destroy: () => void socket.destroy(),
  };
}
