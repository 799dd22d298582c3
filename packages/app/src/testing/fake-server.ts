import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** Answers what came in at once; it may be cut anywhere. */
type Answer = (bytes: Buffer) => string | Buffer;

/** Speaks as much of a protocol as a check needs, and can be hung: it accepts, and answers nothing. */
export class FakeServer implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #hangs = false;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("data", (bytes) => {
        if (!this.#hangs) socket.write(answer(bytes));
      });
    });
  }

  static async listen(answer: Answer): Promise<FakeServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FakeServer(server, answer);
  }

  /** Connections that are open. */
  get size(): number {
    return this.#sockets.size;
  }

  hang(): void {
    this.#hangs = true;
  }

  goOn(): void {
    this.#hangs = false;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Logs everybody in, and answers each simple query with no row. */
export function fakePostgres(): Promise<FakeServer> {
  const message = (type: string, body: Buffer) => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const ready = message("Z", Buffer.from("I"));
  const loggedIn = Buffer.concat([message("R", Buffer.alloc(4)), ready]);
  const done = Buffer.concat([message("C", Buffer.from("SELECT 0\0")), ready]);
  return FakeServer.listen((bytes) => {
    // The first message of a connection has no type, but its length.
    if (bytes[0] === 0) return loggedIn;
    return bytes[0] === "Q".charCodeAt(0) ? done : "";
  });
}

/** Answers PING, and whatever else clients ask when they connect with something that they take. */
export function fakeRedis(): Promise<FakeServer> {
  const info = "redis_version:7.0.0\r\n";
  const answers: Readonly<Record<string, string>> = {
    PING: "+PONG\r\n",
    INFO: `$${info.length}\r\n${info}\r\n`,
    HELLO: "%1\r\n+proto\r\n:3\r\n",
  };
  return FakeServer.listen((bytes) => {
    const commands = bytes
      .toString("latin1")
      .split(/^\*\d+\r\n/m)
      .slice(1);
    const names = commands.map((command) => command.split("\r\n")[1]?.toUpperCase() ?? "");
    return names.map((name) => answers[name] ?? "+OK\r\n").join("");
  });
}
