import { createServer, type Server, type Socket } from "node:net";
import {
  type ControlMessage,
  type ControlRequest,
  isControlRequest,
  JsonLines,
} from "../control-protocol.ts";
import { answersOn, listenUnix, type UnixListener } from "../unix-listener.ts";

/** What the holder does for control clients. */
export interface ControlHandler {
  hello(): ControlMessage;
  answer(request: ControlRequest): Promise<ControlMessage>;
}

/** The unix socket on which controllers command the holder; mode 0600, any number of clients. */
export class ControlServer {
  readonly #path: string;
  readonly #handler: ControlHandler;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #listener: UnixListener | null = null;

  constructor(path: string, handler: ControlHandler) {
    this.#path = path;
    this.#handler = handler;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Rejects when another holder answers on that path; a dead one's socket is replaced. */
  async listen(): Promise<void> {
    if (await answersOn(this.#path)) throw new Error(`a holder answers on ${this.#path} already`);
    this.#listener = await listenUnix(this.#server, this.#path);
  }

  /** Tells every client. */
  broadcast(message: ControlMessage): void {
    for (const socket of this.#clients) send(socket, message);
  }

  async close(): Promise<void> {
    await this.#listener?.remove();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#clients) socket.destroySoon();
    });
  }

  #serve(socket: Socket): void {
    const lines = new JsonLines();
    this.#clients.add(socket);
    // A controller may die at any moment; `close` follows.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#clients.delete(socket));
    socket.on("data", (data: Buffer) => {
      try {
        for (const value of lines.push(data)) this.#receive(socket, value);
      } catch {
        // Not a control client of ours.
        socket.destroy();
      }
    });
    send(socket, this.#handler.hello());
  }

  #receive(socket: Socket, value: unknown): void {
    if (!isControlRequest(value)) {
      socket.destroy();
      return;
    }
    void this.#handler
      .answer(value)
      .catch(
        (error: unknown): ControlMessage => ({
          kind: "refused",
          id: value.id,
          message: error instanceof Error ? error.message : String(error),
        }),
      )
      .then((message) => send(socket, message));
  }
}

function send(socket: Socket, message: ControlMessage): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
