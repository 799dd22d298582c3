import { connect } from "node:net";

/** What a client got: a complete answer's status and reason, or a connection that broke. */
export interface RawAnswer {
  readonly status: number | "broken";
  /** Of the proxy, when it answered itself. */
  readonly reason: string | null;
}

/** Sends one request on a connection of its own. */
export function rawAnswer(
  port: number,
  { method, path, bodyBytes }: RawRequest,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let received = "";
    const length = bodyBytes === 0 ? "" : `Content-Length: ${bodyBytes}\r\n`;
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${length}\r\n`);
    if (bodyBytes > 0) socket.write("x".repeat(bodyBytes));
    socket.on("data", (data: Buffer) => {
      received += data.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(read(received, method)));
  });
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** 0: no body. */
  readonly bodyBytes: number;
}

function read(received: string, method: string): RawAnswer {
  const end = received.indexOf("\r\n\r\n") + 4;
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(received)?.[1] ?? 0);
  const head = received.slice(0, end);
  const length = method === "HEAD" ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? -1);
  const whole = end >= 4 && received.length === end + length;
  const reason = /x-hitless-reason: ([\w-]+)/i.exec(head)?.[1] ?? null;
  return { status: whole ? status : "broken", reason };
}
