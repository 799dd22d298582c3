import { connect, type Socket } from "node:net";

/** How a server is loaded. */
export interface ClosedLoopOptions {
  readonly port: number;
  /** How many send at the same time, each waiting for its answer. */
  readonly clients: number;
  /** How many requests in all. */
  readonly requests: number;
  /** After so many requests a client goes on with a new connection. */
  readonly perConnection: number;
  /** Of each answer. */
  readonly bodyBytes: number;
}

const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const right = Buffer.from("HTTP/1.1 200 OK\r\n");
/** One for all: what is read is looked at before the next read begins. */
const buffer = Buffer.allocUnsafeSlow(65_536);

/**
 * As many requests as the other side answers, counted and nothing else: for loads of which the
 * memory behind them is of interest, and that leave as much of the machine to it as they can.
 */
export class ClosedLoop {
  readonly #options: ClosedLoopOptions;
  #sent = 0;
  #answered = 0;
  /** Length of an answer: all are alike, so whatever is longer or shorter is wrong. */
  #length = 0;

  constructor(options: ClosedLoopOptions) {
    this.#options = options;
  }

  get answered(): number {
    return this.#answered;
  }

  /** Resolves when all are answered; rejects at the first that is not answered right. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.clients }, () => this.#client()));
  }

  async #client(): Promise<void> {
    while (this.#sent < this.#options.requests) await this.#connection();
  }

  #connection(): Promise<void> {
    const { port, perConnection } = this.#options;
    let left = perConnection;
    return new Promise((done, failed) => {
      const fail = (why: string) => {
        socket.destroy();
        failed(new Error(`after ${this.#answered} answers: ${why}`));
      };
      let received = 0;
      const send = () => {
        if (left === 0 || this.#sent === this.#options.requests) {
          socket.destroy();
          done();
          return;
        }
        left -= 1;
        this.#sent += 1;
        received = 0;
        socket.write(request, "latin1");
      };
      const callback = (bytes: number) => {
        const problem = received === 0 ? this.#problemWith(bytes) : null;
        received += bytes;
        if (problem !== null || received > this.#length) {
          fail(problem ?? `an answer of ${received} bytes, not ${this.#length}`);
        } else if (received === this.#length) {
          this.#answered += 1;
          send();
        }
        return true;
      };
      const socket: Socket = connect({
        port,
        host: "127.0.0.1",
        noDelay: true,
        onread: { buffer, callback },
      });
      socket.once("connect", send);
      socket.once("error", (error) => fail(error.message));
      socket.once("end", () => fail("the connection was closed"));
    });
  }

  #problemWith(bytes: number): string | null {
    if (this.#length === 0) this.#length = buffer.indexOf("\r\n\r\n") + 4 + this.#options.bodyBytes;
    if (right.compare(buffer, 0, Math.min(bytes, right.length)) === 0) return null;
    return JSON.stringify(buffer.toString("latin1", 0, Math.min(bytes, 200)));
  }
}
