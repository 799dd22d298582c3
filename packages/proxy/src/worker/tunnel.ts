import type { Socket } from "node:net";

/**
 * The bytes of two sockets after a 101, each way with back-pressure. Either side may end its half;
 * the tunnel is over when one of them is closed.
 */
export class Tunnel {
  readonly #client: Socket;
  readonly #upstream: Socket;

  constructor(client: Socket, upstream: Socket) {
    this.#client = client;
    this.#upstream = upstream;
  }

  fromClient(bytes: Buffer): void {
    if (!this.#upstream.write(bytes)) this.#client.pause();
  }

  fromUpstream(bytes: Buffer): void {
    if (!this.#client.write(bytes)) this.#upstream.pause();
  }

  clientDrained(): void {
    this.#upstream.resume();
  }

  upstreamDrained(): void {
    this.#client.resume();
  }

  clientEnded(): void {
    this.#upstream.end();
  }

  upstreamEnded(): void {
    this.#client.end();
  }
}
