import { connect } from "node:net";

/** One answer: `status reason`, or what happened instead. */
export interface SmuggledAnswer {
  readonly status: number;
  /** `X-Hitless-Reason`; empty where the proxy did not answer by itself. */
  readonly reason: string;
  readonly body: string;
}

/** What a connection saw of the bytes that were sent on it. */
export interface Conversation {
  readonly answers: readonly SmuggledAnswer[];
  /** The other side ended it. */
  readonly closed: boolean;
}

/** An answer that has not come by then, on a busy machine, will not. ms */
const silenceMs = 10_000;

/**
 * Sends the bytes and, when their first answer has come and the connection still stands, `then`.
 * Resolves when that is answered too, the connection ends, or it has taken 10 s.
 */
export function converse(port: number, bytes: string, then: string): Promise<Conversation> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    let received = "";
    let asked = false;
    const finish = (closed: boolean) => {
      clearTimeout(silence);
      socket.destroy();
      resolve({ answers: answersIn(received), closed });
    };
    const silence = setTimeout(() => finish(false), silenceMs);
    socket.on("data", (data: Buffer) => {
      received += data.toString("latin1");
      const whole = answersIn(received).length;
      if (!asked && whole > 0 && !/^connection: close/im.test(received)) {
        asked = true;
        socket.write(then, "latin1");
      }
      if (asked && answersIn(received).some(({ body }) => body.includes("/honest"))) finish(false);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => finish(true));
    socket.on("end", () => finish(true));
    socket.write(bytes, "latin1");
  });
}

function answersIn(text: string): readonly SmuggledAnswer[] {
  const answers: SmuggledAnswer[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\r\n\r\n", at) + 4;
    if (end < 4) break;
    const head = text.slice(at, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (text.length < end + length) break;
    answers.push({
      status: Number(head.split(" ")[1]),
      reason: /^x-hitless-reason: *(\S+)/im.exec(head)?.[1] ?? "",
      body: text.slice(end, end + length),
    });
    at = end + length;
  }
  return answers;
}
