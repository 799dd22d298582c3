import type { Duplex } from "node:stream";

export interface Target {
  readonly port: number;
  readonly protocol: "http1" | "http2";
  readonly isTls: boolean;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
  /** The client was asked to use this connection for nothing else: `Connection: close`, or GOAWAY. */
  readonly isTold: boolean;
}

/** A request under way. */
export interface Asked {
  /** Its body is the client's to write and to end. */
  readonly sending: Duplex | NodeJS.WritableStream;
  /** The first bytes of the body that answers it have come. */
  readonly begun: Promise<void>;
  /** Its answer has come as a whole; rejects when it was cut. */
  readonly answered: Promise<Answered>;
  /** The client leaves. */
  abort(): void;
}

/** HTTP/2 said that the request was not taken, to a client that was told to leave: nothing is lost. */
export class UnsentError extends Error {
  override readonly message = "not taken";
}

/** One connection of a client, which never opens another one. */
export interface Connection {
  /** @throws when the connection has gone. */
  begin(method: string, path: string): Asked;
  /** Somebody has closed it. */
  readonly closed: Promise<void>;
  close(): void;
}

export async function ask(connection: Connection, path: string, body?: object): Promise<Answered> {
  const asked = connection.begin(body === undefined ? "GET" : "POST", path);
  asked.sending.end(body === undefined ? "" : JSON.stringify(body));
  return asked.answered;
}
