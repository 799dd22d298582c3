import { createServer, type Server, type Socket } from "node:net";
import type { Upstream } from "@hitless/proxy";

const endOfHead = "\r\n\r\n";

/**
 * Replicas of one revision that only count: by the number that each request has in its path
 * (`GET /7`), and say their revision in the body. Not on `node:http`, so that counting a million is quick.
 */
export class CountedRevision implements AsyncDisposable {
  readonly revision: number;
  /** Requests by the number in their path. */
  readonly counts = new Map<number, number>();
  readonly upstreams: Upstream[] = [];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #answer: string;

  private constructor(revision: number) {
    this.revision = revision;
    const body = String(revision);
    this.#answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }

  static async start(revision: number, replicas: number): Promise<CountedRevision> {
    const made = new CountedRevision(revision);
    for (let n = 1; n <= replicas; n += 1) await made.#listen(`${revision}-${n}`);
    return made;
  }

  /** All requests from that number on. */
  since(number: number): number {
    let sum = 0;
    for (const [key, count] of this.counts) sum += key >= number ? count : 0;
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((closed) => server.close(closed))));
  }

  async #listen(id: string): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#servers.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    this.upstreams.push({ id, revision: this.revision, host: "127.0.0.1", port });
  }

  #serve(socket: Socket): void {
    let rest = "";
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (data: Buffer) => {
      const heads = (rest + data.toString("latin1")).split(endOfHead);
      rest = heads.pop() ?? "";
      for (const head of heads) {
        this.#count(head);
        socket.write(this.#answer, "latin1");
      }
    });
  }

  #count(head: string): void {
    const number = Number.parseInt(head.slice("GET /".length), 10);
    this.counts.set(number, (this.counts.get(number) ?? 0) + 1);
  }
}
