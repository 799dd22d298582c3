import { connect, createServer, type Server, type Socket } from "node:net";
import type { Target } from "../connection.ts";

/**
 * Passes bytes between an app and something that it needs. While it is cut, connections are refused
 * and those that were open are reset, as when the other machine's service has stopped.
 */
export class TcpRelay {
  readonly port: number;
  readonly #to: Target;
  readonly #sockets = new Set<Socket>();
  #server: Server | null;

  private constructor(to: Target, server: Server, port: number) {
    this.#to = to;
    this.#server = server;
    this.port = port;
  }

  static async open(to: Target): Promise<TcpRelay> {
    const server = createServer();
    const relay = new TcpRelay(to, server, await listen(server, 0));
    server.on("connection", (socket) => relay.#pass(socket));
    return relay;
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = new Promise((resolve) =>
      server === null ? resolve(null) : server.close(resolve),
    );
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Passes bytes again, on the same port. */
  async mend(): Promise<void> {
    const server = createServer((socket) => this.#pass(socket));
    await listen(server, this.port);
    this.#server = server;
  }

  async close(): Promise<void> {
    await this.cut();
  }

  #pass(socket: Socket): void {
    const far = connect(this.#to);
    const both = [socket, far];
    for (const one of both) {
      this.#sockets.add(one);
      one.on("error", () => one.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        for (const other of both) other.destroy();
      });
    }
    socket.pipe(far).pipe(socket);
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new TypeError("a TCP server has a port");
  return address.port;
}
