import {
  type ControlMessage,
  type ControlRequest,
  idOf,
  readControlRequest,
} from "../control-protocol.ts";
import { LineServer } from "../line-server.ts";
import type { LineSocket } from "../line-socket.ts";
import { answersOn } from "../unix-listener.ts";

/** What the holder does for control clients. */
export interface ControlHandler {
  hello(): ControlMessage;
  answer(request: ControlRequest): Promise<ControlMessage>;
}

export interface ControlServerOptions {
  readonly path: string;
  readonly handler: ControlHandler;
  /** Another process has taken the path over, and answers on it. */
  taken(): void;
}

/** The unix socket on which controllers command the holder; mode 0600, any number of clients. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: LineServer;

  constructor(options: ControlServerOptions) {
    const { path, taken } = options;
    this.#options = options;
    this.#server = new LineServer({ path, taken, serve: (client) => this.#serve(client) });
  }

  /** A dead holder's socket is replaced; rejects when one that lives answers there, unless it `gives` way. */
  async listen(gives = false): Promise<void> {
    const { path } = this.#options;
    if (!gives && (await answersOn(path))) throw new Error(`a holder answers on ${path} already`);
    await this.#server.listen();
  }

  /** Takes the path back at once when nobody answers on it. */
  async retake(): Promise<void> {
    await this.#server.retake();
  }

  /** Tells every client. */
  broadcast(message: ControlMessage): void {
    this.#server.broadcast(message);
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  #serve(client: LineSocket): void {
    client.onMessage((value) => void this.#receive(client, value));
    client.send(this.#options.handler.hello());
  }

  async #receive(client: LineSocket, value: unknown): Promise<void> {
    const id = idOf(value);
    // Not a control client of ours.
    if (id === null) return client.destroy();
    try {
      client.send(await this.#options.handler.answer(readControlRequest(value)));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      client.send({ kind: "refused", id, message });
    }
  }
}
