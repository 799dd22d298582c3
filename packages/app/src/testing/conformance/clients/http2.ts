import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { text } from "node:stream/consumers";
import { type Asked, type Connection, type Target, UnsentError } from "./connection.ts";

export async function openHttp2({ port, isTls }: Target): Promise<Connection> {
  const scheme = isTls ? "https" : "http";
  const session = connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  await once(session, "connect");
  session.on("error", () => {});
  let isTold = false;
  session.once("goaway", () => {
    isTold = true;
  });
  return {
    begin: (method, path) => begin(session, { method, path, isTold: () => isTold }),
    closed: new Promise((resolve) => session.once("close", () => resolve())),
    close: () => session.destroy(),
  };
}

interface Asking {
  readonly method: string;
  readonly path: string;
  readonly isTold: () => boolean;
}

function begin(session: ClientHttp2Session, { method, path, isTold }: Asking): Asked {
  const type = method === "POST" ? { "content-type": "application/json" } : {};
  const stream = session.request(
    { ":method": method, ":path": path, ...type },
    { endStream: false },
  );
  // Also said by Node itself, when GOAWAY came before the request had left.
  const isUnsent = () => isTold() && stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  const status = new Promise<number>((resolve, reject) => {
    stream.once("response", (headers) => resolve(headers[":status"] ?? 0));
    stream.on("error", (error) => reject(isUnsent() ? new UnsentError() : error));
    stream.once("close", () => reject(new Error("closed without an answer")));
  });
  const begun = status.then(async () => void (await once(stream, "readable")));
  const answered = status.then(async (given) => {
    const body = await text(stream);
    if (stream.rstCode !== 0) throw new Error(`the stream was reset with ${stream.rstCode}`);
    return { status: given, body, isTold: isTold() };
  });
  for (const each of [begun, answered]) each.catch(() => {});
  return { sending: stream, begun, answered, abort: () => stream.close(8) };
}
