import { createServer, type Server } from "node:net";
import { fdOf } from "../listening-socket.ts";
import { type Accept, acceptFrom } from "./accepted-socket.ts";
import { ClientConnection } from "./client-connection.ts";
import type { DataPlane } from "./data-plane.ts";

const backlog = 4_096;
/** How long a predecessor's listener may take to go away before the port counts as taken. */
const bindGraceMs = 1_000;
const bindRetryMs = 100;

/** Accepts client connections and hands each to the data plane. */
export class FrontDoor {
  readonly #server: Server;
  readonly #accept: Accept;

  readonly #takeOver: typeof acceptFrom;

  /** `takeOver` hands connections over faster than the server's events do, where that is possible. */
  constructor(plane: DataPlane, takeOver = acceptFrom) {
    this.#takeOver = takeOver;
    this.#accept = (socket) => {
      const client = new ClientConnection(plane, socket);
      return (bytes) => client.receive(bytes);
    };
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      socket.on("data", this.#accept(socket));
    });
  }

  /** The listener's raw handle, which the holder keeps; null unless it listens. */
  get handle(): unknown {
    return Reflect.get(this.#server, "_handle");
  }

  /** The listener's descriptor; null unless it listens. */
  get fd(): number | null {
    return this.#server.listening ? fdOf(this.handle) : null;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Binds and listens. Rejects with the system's error, such as EADDRINUSE. */
  async open(host: string, port: number): Promise<void> {
    const until = performance.now() + bindGraceMs;
    for (;;) {
      try {
        await this.#listen(() => this.#server.listen({ host, port, backlog }));
        return;
      } catch (error) {
        const busy = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
        if (!busy || performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, bindRetryMs));
      }
    }
  }

  /** Accepts on a socket that another worker opened. */
  async adopt(fd: number): Promise<void> {
    // listen() on a listening socket sets its backlog anew, so it has to be said again.
    await this.#listen(() => this.#server.listen({ fd }, backlog));
  }

  /** Stops accepting; connections stay. */
  close(): void {
    this.#server.close();
  }

  #listen(start: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => {
        this.#server.off("listening", done);
        reject(error);
      };
      const done = () => {
        this.#server.off("error", failed);
        // Connections come to the server itself where that is not possible.
        this.#takeOver(this.handle, this.#accept);
        resolve();
      };
      this.#server.once("error", failed);
      this.#server.once("listening", done);
      start();
    });
  }
}
