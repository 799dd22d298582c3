import { createServer, type Socket } from "node:net";

/** A request as it came in: its bytes as text, and how many came before on its connection. */
export interface RawRequest {
  readonly text: string;
  readonly earlier: number;
}

/** A server on bare sockets, so that it can misbehave in every way. */
export interface RawServer extends AsyncDisposable {
  readonly url: string;
  /** Requests seen so far. */
  readonly requests: () => number;
}

/** Listens on a free port and leaves each whole request (512 B of body for a POST) to `answer`. */
export async function rawServer(
  answer: (socket: Socket, request: RawRequest) => void,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = "";
    let earlier = 0;
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (!isWhole(text)) return;
      const request = { text, earlier };
      text = "";
      earlier += 1;
      requests += 1;
      answer(socket, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP server");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A whole answer with a length; `extra` are header lines, each with its CRLF. */
export function answerText(body: string, status = "200 OK", extra = ""): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${extra}\r\n${body}`;
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
  return end !== -1 && text.length >= end + 4 + length;
}
