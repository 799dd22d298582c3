import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

/** What each member of a crowd does once, and then holds its connection. */
export type CrowdKind = "keepAlive" | "webSocket";

const requests = {
  keepAlive: () => "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
  webSocket: () =>
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
};
const firstLines = { keepAlive: "HTTP/1.1 200 ", webSocket: "HTTP/1.1 101 " };

/** A text frame `hello`, masked as a client has to. */
const helloMasked = Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from("hello")]);
const hello = Buffer.from([0x81, 0x05, ...Buffer.from("hello")]);
/** So many at a time: more than fit into a backlog are nobody's fault. */
const atATime = 200;
const answerWithinMs = 20_000;

/** Many connections at once, each used once and then idle. */
export class Crowd {
  readonly #members: readonly Socket[];

  private constructor(members: readonly Socket[]) {
    this.#members = members;
  }

  /** Resolves when each has its answer; rejects when one does not get it. */
  static async gather(port: number, count: number, kind: CrowdKind): Promise<Crowd> {
    const members: Socket[] = [];
    try {
      while (members.length < count) {
        const few = Math.min(atATime, count - members.length);
        const joining = Array.from({ length: few }, () => join(port, kind));
        members.push(...(await Promise.all(joining)));
      }
    } catch (cause) {
      for (const member of members) member.destroy();
      throw new Error(`connection ${members.length} of ${count}: ${String(cause)}`, { cause });
    }
    return new Crowd(members);
  }

  /** Connections that the other side has not closed. */
  get open(): number {
    return this.#members.filter((member) => !member.closed && !member.readableEnded).length;
  }

  /** Each says hello on its WebSocket and hears it. */
  async sayHello(): Promise<void> {
    for (let from = 0; from < this.#members.length; from += atATime) {
      const few = this.#members.slice(from, from + atATime);
      await Promise.all(few.map(async (member) => await exchange(member, helloMasked, isHello)));
    }
  }

  close(): void {
    for (const member of this.#members) member.destroy();
  }
}

async function join(port: number, kind: CrowdKind): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  // Looked at by whoever waits for an answer; an idle one that breaks shows in `open`.
  socket.on("error", () => undefined);
  await exchange(socket, requests[kind](), (heard) => {
    if (!heard.includes("\r\n\r\n")) return false;
    if (heard.toString("latin1").startsWith(firstLines[kind])) return true;
    throw new Error(JSON.stringify(heard.toString("latin1")));
  });
  return socket;
}

function isHello(heard: Buffer): boolean {
  if (heard.length < hello.length) return false;
  if (heard.equals(hello)) return true;
  throw new Error(`heard ${heard.toString("hex")}`);
}

/** Sends, and waits until what is heard is complete; `complete` throws when it is wrong. */
function exchange(
  socket: Socket,
  what: string | Buffer,
  complete: (heard: Buffer) => boolean,
): Promise<void> {
  return new Promise((done, failed) => {
    let heard = Buffer.alloc(0);
    const end = (error: Error | null) => {
      socket.off("data", hear).off("close", closed).off("error", end).setTimeout(0);
      if (error === null) done();
      else failed(error);
    };
    const closed = () => end(new Error("the connection was closed"));
    const hear = (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes]);
      try {
        if (complete(heard)) end(null);
      } catch (error) {
        end(error instanceof Error ? error : new Error(String(error)));
      }
    };
    socket.on("data", hear).on("close", closed).on("error", end);
    socket.setTimeout(answerWithinMs, () => end(new Error(`no answer in ${answerWithinMs} ms`)));
    socket.write(what);
  });
}
