import { connect, type Socket } from "node:net";
import { JsonLines } from "./control-protocol.ts";

/** JSON values, one a line, both ways over a unix socket. What is no JSON ends it. */
export class LineSocket {
  /** Resolves when the other side is gone, or ended it, and all it said was heard. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #listener: (value: unknown) => void = () => undefined;

  constructor(socket: Socket) {
    const lines = new JsonLines();
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    // The other side may die at any moment; `close` follows.
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      try {
        for (const value of lines.push(data)) this.#listener(value);
      } catch {
        // Whoever that is, it is none of ours.
        socket.destroy();
      }
    });
  }

  /** Null when nobody listens on that path. */
  static connect(path: string): Promise<LineSocket | null> {
    return new Promise((resolve) => {
      const socket = connect(path);
      const refused = () => resolve(null);
      socket.once("error", refused);
      socket.once("connect", () => {
        socket.off("error", refused);
        resolve(new LineSocket(socket));
      });
    });
  }

  /** To be called at once: there is one listener, and what comes before it is set is lost. */
  onMessage(listener: (value: unknown) => void): void {
    this.#listener = listener;
  }

  /** Lost when the other side is gone; `sent` is called once it is on its way, or that. */
  send(message: object, sent: () => void = () => undefined): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`, () => sent());
    else sent();
  }

  /** After what was sent is on its way. */
  end(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
