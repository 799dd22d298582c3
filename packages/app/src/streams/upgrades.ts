import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** The connections that left HTTP, each with the request that it left by. */
export class Upgrades {
  readonly #open = new Map<Duplex, IncomingMessage>();

  get open(): ReadonlyMap<Duplex, IncomingMessage> {
    return this.#open;
  }

  add(request: IncomingMessage, socket: Duplex): void {
    this.#open.set(socket, request);
    socket.once("close", () => this.#open.delete(socket));
  }
}
