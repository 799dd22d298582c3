import type { Socket } from "node:net";
import type { ResponseHead } from "../http/response-head.ts";

/** A body's first bytes, up to so many, go out in one piece with a rewritten head. */
const maxJoinedBytes = 4_096;

/** What a rewritten head says of the connection to the client. */
export interface Persistence {
  readonly close: boolean;
  /** Of the client's HTTP/1. */
  readonly minor: 0 | 1;
}

/**
 * Sends the head with a `Connection` line of ours, and the body bytes that came with it. Returns the
 * bytes of the head, and whether the client takes more.
 */
export function writeHead(
  socket: Socket,
  { head, message }: { readonly head: ResponseHead; readonly message: Buffer },
  persistence: Persistence,
): { readonly bytes: number; readonly taken: boolean } {
  const text = head.rewritten(connectionLine(persistence));
  const body = message.subarray(head.length);
  const bytes = text.length + body.length;
  if (body.length <= maxJoinedBytes) {
    return { bytes, taken: socket.write(text + body.toString("latin1"), "latin1") };
  }
  socket.cork();
  socket.write(text, "latin1");
  const taken = socket.write(body);
  socket.uncork();
  return { bytes, taken };
}

function connectionLine({ close, minor }: Persistence): string {
  if (close) return "Connection: close\r\n";
  return minor === 0 ? "Connection: keep-alive\r\n" : "";
}
