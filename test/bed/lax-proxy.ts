import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * A proxy as it must not be: it frames by the one of Content-Length and Transfer-Encoding that the
 * app does not frame by (see `apps/lax`), and passes everything on. It names each request that it
 * sees in `X-Front`; what reaches the app without was smuggled past it.
 */
export class LaxProxy implements AsyncDisposable {
  readonly port: number;
  private readonly server: Server;
  private readonly sockets: ReadonlySet<Socket>;

  private constructor(server: Server, sockets: ReadonlySet<Socket>, port: number) {
    this.server = server;
    this.sockets = sockets;
    this.port = port;
  }

  static async open(appPort: number): Promise<LaxProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const app = connect({ host: "127.0.0.1", port: appPort });
      for (const socket of [client, app]) {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          client.destroy();
          app.destroy();
        });
      }
      app.pipe(client);
      let received = "";
      client.on("data", (data: Buffer) => {
        received += data.toString("latin1");
        for (let sent = requestIn(received); sent !== null; sent = requestIn(received)) {
          received = received.slice(sent.length);
          app.write(named(sent), "latin1");
        }
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return new LaxProxy(server, sockets, typeof address === "object" ? (address?.port ?? 0) : 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }
}

/** The first request as this proxy frames it; null: not complete. */
function requestIn(text: string): string | null {
  const end = text.indexOf("\r\n\r\n") + 4;
  if (end < 4) return null;
  const head = text.slice(0, end);
  if (/^\S+ \S*by=cl/.test(head) && /transfer-encoding:/i.test(head)) {
    const last = text.indexOf("0\r\n\r\n", end);
    return last < 0 ? null : text.slice(0, last + 5);
  }
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return text.length < end + length ? null : text.slice(0, end + length);
}

function named(request: string): string {
  const target = request.split(" ")[1] ?? "";
  return request.replace("\r\n", () => `\r\nX-Front: ${target}\r\n`);
}
