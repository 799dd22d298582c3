import { createServer, type Server } from "node:net";
import { LineSocket } from "./line-socket.ts";
import { listenUnix, type UnixListener } from "./unix-listener.ts";

/** Who is served on a unix socket, and what happens when the path is lost. */
export interface LineServerOptions {
  readonly path: string;
  serve(client: LineSocket): void;
  /** Another process has taken the path over, and answers on it. */
  taken(): void;
}

/** A unix socket for JSON lines, mode 0600, with any number of clients. */
export class LineServer {
  readonly #options: LineServerOptions;
  readonly #server: Server;
  readonly #clients = new Set<LineSocket>();
  #listener: UnixListener | null = null;

  constructor(options: LineServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      const client = new LineSocket(socket);
      this.#clients.add(client);
      void client.closed.then(() => this.#clients.delete(client));
      options.serve(client);
    });
  }

  /** The path of a dead process is replaced, and a living one's too. */
  async listen(): Promise<void> {
    const { path, taken } = this.#options;
    this.#listener = await listenUnix(this.#server, path, taken);
  }

  /** Takes the path back at once when nobody answers on it. */
  async retake(): Promise<void> {
    await this.#listener?.look();
  }

  /** Tells every client. */
  broadcast(message: object): void {
    for (const client of this.#clients) client.send(message);
  }

  /** Ends all clients, and removes the path unless it is another's by now. */
  async close(): Promise<void> {
    await this.#listener?.remove();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const client of this.#clients) client.end();
    });
  }
}
