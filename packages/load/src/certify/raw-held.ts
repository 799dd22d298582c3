import { connect, type Socket } from "node:net";
import type { Target } from "../connection.ts";
import type { HeldClient, HeldEnd } from "./held-client.ts";

/** Bytes that are no whole request. */
export class RawHeld implements HeldClient {
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  #end: HeldEnd = { kind: "open" };

  constructor(target: Target, text: string) {
    this.#socket = connect(target);
    let connected = false;
    this.opened = new Promise((resolve) => {
      this.#socket.once("connect", () => {
        connected = true;
        if (text !== "") this.#socket.write(text);
        resolve();
      });
      this.#socket.once("close", resolve);
    });
    // A refusal is an answer too: the app owes nothing here.
    this.#socket.on("data", () => undefined);
    for (const event of ["end", "error", "close"]) {
      this.#socket.on(event, () => {
        this.#end = connected ? { kind: "closed" } : { kind: "never", detail: "it lets nobody in" };
      });
    }
  }

  get end(): HeldEnd {
    return this.#end;
  }

  complete(): void {}

  close(): void {
    this.#socket.destroy();
  }
}
