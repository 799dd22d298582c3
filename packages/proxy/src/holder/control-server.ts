import { chmod, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import {
  type ControlMessage,
  type ControlRequest,
  isControlRequest,
  JsonLines,
} from "../control-protocol.ts";

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

  constructor(path: string, handler: ControlHandler) {
    this.#path = path;
    this.#handler = handler;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Rejects when another holder answers on that path; a dead one's socket is replaced. */
  async listen(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    if (await answers(this.#path)) throw new Error(`a holder answers on ${this.#path} already`);
    await rm(this.#path, { force: true });
    const mask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once("error", reject);
        this.#server.listen(this.#path, resolve);
      });
    } finally {
      process.umask(mask);
    }
    await chmod(this.#path, 0o600);
  }

  /** Tells every client. */
  broadcast(message: ControlMessage): void {
    for (const socket of this.#clients) send(socket, message);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#clients) socket.destroySoon();
    });
    await rm(this.#path, { force: true });
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

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
