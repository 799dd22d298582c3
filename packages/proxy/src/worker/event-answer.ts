import type { Socket } from "node:net";
import type { ResponseHead } from "../http/response-head.ts";
import { EventStream } from "../streams/event-stream.ts";
import type { OpenStream, StreamOwner } from "./open-streams.ts";

/** The body of an answer of server-sent events on its way to the client. */
export class EventAnswer implements OpenStream {
  readonly streamKind = "sse";
  readonly #client: Socket;
  readonly #owner: StreamOwner;
  /** Null: its events cannot be seen, or it may not end before its announced length. */
  readonly #events: EventStream | null;
  #told = false;

  constructor(client: Socket, { framing, plain }: ResponseHead, owner: StreamOwner) {
    this.#client = client;
    this.#owner = owner;
    const mayEnd = plain && (framing === "chunked" || framing === "eof");
    this.#events = mayEnd ? new EventStream(framing) : null;
  }

  get told(): boolean {
    return this.#told;
  }

  /** Follows bytes that the client is sent elsewhere. */
  pass(bytes: Buffer): void {
    this.#events?.pass(bytes);
  }

  /**
   * Sends bytes of the body, those that belong to the answer; whether the client takes more. `ended`:
   * the answer is complete with them anyway.
   */
  send(bytes: Buffer, ended: boolean): boolean {
    if (this.#events === null || !this.#told) {
      this.#events?.pass(bytes);
      return bytes.length === 0 || this.#client.write(bytes);
    }
    const passed = this.#events.passUntilEnd(bytes);
    const taken = this.#write(passed.bytes);
    if (passed.ended && !ended) this.#over();
    return taken;
  }

  endStream(): void {
    if (this.#told) return;
    this.#told = true;
    const last = this.#events?.end() ?? null;
    if (last === null) return;
    this.#write(last);
    this.#over();
  }

  #over(): void {
    this.#owner.streamEnded();
    this.#owner.streamOver();
  }

  #write(parts: readonly Buffer[]): boolean {
    let taken = true;
    for (const part of parts) taken = this.#client.write(part);
    return taken;
  }
}
