import type { Socket } from "node:net";
import type { ResponseHead } from "../http/response-head.ts";
import type { EventAnswer } from "./event-answer.ts";
import type { RequestRecord } from "./request-record.ts";

/** A body's first bytes, up to so many, go out in one piece with a rewritten head. */
const maxJoinedBytes = 4_096;

/** What a rewritten head says of the connection to the client. */
export interface Persistence {
  readonly close: boolean;
  /** Of the client's HTTP/1. */
  readonly minor: 0 | 1;
}

/** A head, and what came with it. */
export interface Beginning {
  readonly head: ResponseHead;
  readonly message: Buffer;
}

/** Passes one answer on to its client. */
export class AnswerWriter {
  /** What ends its events where nothing is lost; null: it is no stream of events. */
  events: EventAnswer | null = null;
  readonly #socket: Socket;
  readonly #record: RequestRecord;
  /** The socket asked for no pause after the last bytes. */
  #taken = true;

  constructor(socket: Socket, record: RequestRecord) {
    this.#socket = socket;
    this.#record = record;
  }

  /** No more should come until the client has read. */
  get isFull(): boolean {
    return !this.#taken && this.#socket.writableLength > 0;
  }

  /** Sends the head as it came and the body bytes that came with it; with a persistence, that in place of the replica's. */
  begin({ head, message }: Beginning, persistence: Persistence | null): void {
    if (persistence === null) this.#send(head.passing(message));
    else this.#rewrite(head.rewritten(connectionLine(persistence)), message.subarray(head.length));
    this.events?.pass(message.subarray(head.length));
  }

  /** Sends bytes of the body; `ended`: the answer is complete with them. */
  pass(bytes: Buffer, ended: boolean): void {
    if (this.events !== null) {
      this.#record.bytes += bytes.length;
      this.#taken = this.events.send(bytes, ended);
    } else if (bytes.length > 0) {
      this.#send(bytes);
    }
  }

  #send(bytes: Buffer): void {
    this.#record.bytes += bytes.length;
    this.#taken = this.#socket.write(bytes);
  }

  #rewrite(head: string, body: Buffer): void {
    const socket = this.#socket;
    this.#record.bytes += head.length + body.length;
    if (body.length <= maxJoinedBytes) {
      this.#taken = socket.write(head + body.toString("latin1"), "latin1");
      return;
    }
    socket.cork();
    socket.write(head, "latin1");
    this.#taken = socket.write(body);
    socket.uncork();
  }
}

function connectionLine({ close, minor }: Persistence): string {
  if (close) return "Connection: close\r\n";
  return minor === 0 ? "Connection: keep-alive\r\n" : "";
}
