import { Server } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";

/** A process that is offered more than it can accept would else never get to it. */
const mostMs = 2000;

/**
 * Stops listening, and nothing else: the `close` of node:http also closes the connections that are idle just now,
 * on which clients may be about to send (https://github.com/nodejs/node/issues/60617).
 *
 * A connection that the kernel has accepted and we have not is reset by it, and its client does not know whether
 * its request was executed. The event loop takes one of them in each turn (libuv since 1.45), so on a busy
 * machine hundreds may wait. So we close right behind a turn in which nobody came.
 */
export async function closeListener(server: Server, opened: () => number): Promise<void> {
  const deadline = performance.now() + mostMs;
  let before = -1;
  while (before !== opened() && performance.now() < deadline) {
    before = opened();
    await nextTurn();
  }
  if (server.listening) Server.prototype.close.call(server);
}
