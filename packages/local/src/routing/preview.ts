import { connect, createServer, type Server, type Socket } from "node:net";
import type { RouteTable } from "@hitless/core";
import { portOwner, type Upstream } from "@hitless/proxy";

/** After which a port that was somebody else's is tried again, ms. */
const againMs = 1000;
/** It is for those who look at a release, not for clients, and costs the controller's descriptors. */
const mostConnections = 1000;

export interface PreviewListenerOptions {
  /** Replicas that may get requests, of all revisions. */
  admitted(): readonly Upstream[];
  /** `shut` is another one, and nobody asked for it. */
  changed(): void;
}

/**
 * Gives the revision that a table previews an address of its own: a listener of this process on
 * 127.0.0.1 that hands each connection to a replica of that revision, in turn, byte for byte. The
 * data plane knows nothing of it.
 */
export class PreviewListener {
  readonly #options: PreviewListenerOptions;
  readonly #sockets = new Set<Socket>();
  #table: RouteTable | null = null;
  #server: Server | null = null;
  /** Of `server`; it has it, or tries to. */
  #port: number | null = null;
  #isOpen = false;
  #trouble: string | null = null;
  #again: NodeJS.Timeout | null = null;
  #turn = 0;

  constructor(options: PreviewListenerOptions) {
    this.#options = options;
  }

  /** Why the address that the table gives cannot be reached, in words; null when it can, or none is given. */
  get shut(): string | null {
    if (this.#port === null || this.#isOpen) return null;
    return this.#trouble ?? `preview: port ${this.#port} is not open yet`;
  }

  /** From now on that table counts. Who is connected to the revision of another preview is cut off. */
  follow(table: RouteTable): void {
    const { preview } = table;
    if (this.#table?.preview?.revision !== preview?.revision) this.#cutOff();
    this.#table = table;
    if (this.#port !== (preview?.port ?? null)) {
      this.#stop();
      if (preview !== undefined) this.#start(preview.port);
    }
  }

  /** Ends the address and everybody on it. */
  close(): void {
    this.#table = null;
    this.#stop();
    this.#cutOff();
  }

  #start(port: number): void {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#serve(socket),
    );
    this.#server = server;
    this.#port = port;
    server.maxConnections = mostConnections;
    server.on("error", (error: NodeJS.ErrnoException) => void this.#failed(server, error));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => this.#opened(server));
  }

  #stop(): void {
    if (this.#again !== null) clearTimeout(this.#again);
    this.#again = null;
    this.#server?.close();
    this.#server = null;
    this.#port = null;
    this.#isOpen = false;
    this.#trouble = null;
  }

  #opened(server: Server): void {
    if (this.#server !== server) return;
    this.#isOpen = true;
    this.#trouble = null;
    this.#options.changed();
  }

  /** Where it listens already, a connection could not be accepted: the next one may be. */
  async #failed(server: Server, error: NodeJS.ErrnoException): Promise<void> {
    const port = this.#port;
    if (this.#server !== server || this.#isOpen || port === null) return;
    this.#again = setTimeout(() => this.#start(port), againMs);
    const trouble = await reasonOf(error, port);
    if (this.#server !== server || trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.changed();
  }

  #serve(client: Socket): void {
    this.#keep(client);
    const revision = this.#table?.preview?.revision;
    const own = this.#options.admitted().filter((one) => one.revision === revision);
    const first = this.#turn % Math.max(1, own.length);
    this.#turn += 1;
    this.#join(client, [...own.slice(first), ...own.slice(0, first)]);
  }

  /** Joins it with the first of them that takes it. */
  #join(client: Socket, [next, ...others]: readonly Upstream[]): void {
    if (next === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    const replica = connect({ host: next.host, port: next.port, allowHalfOpen: true });
    this.#keep(replica);
    const left = () => replica.destroy();
    const refused = () => {
      client.off("close", left);
      this.#join(client, others);
    };
    client.once("close", left);
    replica.once("error", refused);
    replica.once("connect", () => {
      replica.off("error", refused);
      client.pipe(replica);
      replica.pipe(client);
      // Half an answer must not look like a whole one.
      replica.once("close", (hadError) => hadError && client.resetAndDestroy());
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // `close` follows.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #cutOff(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function reasonOf(error: NodeJS.ErrnoException, port: number): Promise<string> {
  if (error.code !== "EADDRINUSE") return `preview: port ${port} cannot be used: ${error.message}`;
  const pid = await portOwner(port);
  return `preview: port ${port} is held by ${pid === null ? "another process" : `process ${pid}`}`;
}
