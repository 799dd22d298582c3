import { Server } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";

const mostTurns = 50;

/**
 * Stops listening, and nothing else: the `close` of node:http also closes the connections that are idle just now,
 * on which clients may be about to send (https://github.com/nodejs/node/issues/60617).
 *
 * A connection that the kernel has accepted and we have not is reset by it. So we close right behind a turn of
 * the event loop in which nobody came.
 */
export async function closeListener(server: Server, opened: () => number): Promise<void> {
  for (let turn = 0, before = -1; turn < mostTurns && before !== opened(); turn += 1) {
    before = opened();
    await nextTurn();
  }
  if (server.listening) Server.prototype.close.call(server);
}
