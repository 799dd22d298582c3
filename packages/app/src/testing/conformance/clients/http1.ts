import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import type { Answered, Asked, Connection, Target } from "./connection.ts";

/** Resolves when it is connected, with TLS where that is spoken. */
export async function openSocket({ port, isTls }: Target): Promise<Socket> {
  const host = "127.0.0.1";
  const socket = isTls
    ? connectTls({ host, port, rejectUnauthorized: false })
    : connectTcp({ host, port });
  await once(socket, isTls ? "secureConnect" : "connect");
  // Whether it is told or cut is seen by its requests, or by its end.
  socket.on("error", () => {});
  return socket;
}

export async function openHttp1(target: Target): Promise<Connection> {
  const socket = await openSocket(target);
  const agent = new OneSocketAgent(socket);
  return {
    begin: (method, path) => begin(agent, method, path),
    closed: new Promise((resolve) => socket.once("close", () => resolve())),
    close: () => socket.destroy(),
  };
}

class OneSocketAgent extends Agent {
  #socket: Socket | null;

  constructor(socket: Socket) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#socket = socket;
  }

  override createConnection(): Socket {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null || socket.destroyed) throw new Error("the connection has gone");
    return socket;
  }
}

function begin(agent: Agent, method: string, path: string): Asked {
  const headers = method === "POST" ? { "Content-Type": "application/json" } : {};
  const sending = request({ agent, method, path, headers });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once("response", resolve);
    sending.on("error", reject);
  });
  const begun = response.then(async (given) => void (await once(given, "readable")));
  const answered = response.then(readAnswer);
  for (const each of [begun, answered]) each.catch(() => {});
  return { sending, begun, answered, abort: () => sending.destroy() };
}

async function readAnswer(response: IncomingMessage): Promise<Answered> {
  return {
    status: response.statusCode ?? 0,
    isTold: response.headers.connection === "close",
    body: await text(response),
  };
}
