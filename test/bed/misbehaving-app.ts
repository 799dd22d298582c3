import { createServer, type Server, type Socket } from "node:net";
import type { Upstream } from "@hitless/proxy";

/** How the first execution of a request ends: after so many bytes of its answer. */
export interface Misdeed {
  readonly bytes: number;
  readonly how: "reset" | "end";
}

const bodyText = "done\n";
const head = `HTTP/1.1 200 OK\r\nContent-Length: ${bodyText.length}\r\n\r\n`;
/** So that what was written arrives before the reset that would overtake it. */
const arrivesMs = 15;

/** The whole answer to that method. */
export function answerTo(method: string): string {
  return method === "HEAD" ? head : head + bodyText;
}

/** The bytes before its body. */
export const headBytes = head.length;

/**
 * Two replicas of one app that keeps a ledger: how often each request was executed, by its path. A
 * request that has a misdeed is executed the first time and then not answered as it should be.
 */
export class MisbehavingApp implements AsyncDisposable {
  readonly misdeeds = new Map<string, Misdeed>();
  readonly executions = new Map<string, number>();
  readonly upstreams: Upstream[] = [];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<MisbehavingApp> {
    const app = new MisbehavingApp();
    for (const id of ["1-1", "1-2"]) {
      const server = createServer((socket) => app.#serve(socket));
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      app.#servers.push(server);
      app.upstreams.push({ id, revision: 1, host: "127.0.0.1", port });
    }
    return app;
  }

  executed(path: string): number {
    return this.executions.get(path) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((done) => server.close(done))));
  }

  #serve(socket: Socket): void {
    let held = "";
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (data: Buffer) => {
      held += data.toString("latin1");
      const end = held.indexOf("\r\n\r\n") + 4;
      if (end < 4) return;
      const length = Number(/content-length: (\d+)/i.exec(held.slice(0, end))?.[1] ?? 0);
      if (held.length < end + length) return;
      const [method = "", path = ""] = held.split(" ", 2);
      const isLast = /connection: close/i.test(held.slice(0, end));
      held = "";
      if (this.#execute(socket, method, path) && isLast) socket.end();
    });
  }

  /** Whether it was answered as it should be. */
  #execute(socket: Socket, method: string, path: string): boolean {
    const before = this.executed(path);
    this.executions.set(path, before + 1);
    const misdeed = before === 0 ? this.misdeeds.get(path) : undefined;
    const answer = answerTo(method);
    if (misdeed === undefined || misdeed.bytes >= answer.length) {
      socket.write(answer);
      return true;
    }
    if (misdeed.bytes > 0) socket.write(answer.slice(0, misdeed.bytes));
    const leave = () => (misdeed.how === "reset" ? socket.resetAndDestroy() : socket.end());
    if (misdeed.bytes === 0) leave();
    else setTimeout(leave, arrivesMs);
    return false;
  }
}
