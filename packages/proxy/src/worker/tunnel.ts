import type { Socket } from "node:net";
import { closeFrame, goingAway, maskedCloseFrame } from "../streams/close-frame.ts";
import { WebSocketFrames } from "../streams/websocket-frames.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import type { OpenStream, StreamKind, StreamOwner } from "./open-streams.ts";

const webSocketHead = /\r\nupgrade:[ \t]*websocket[ \t]*\r\n/i;

/** The two ends of a tunnel, and whom it belongs to. */
export interface TunnelEnds {
  readonly client: ExchangeClient;
  readonly upstream: Socket;
  readonly owner: StreamOwner;
}

/**
 * The bytes of two sockets after a 101, each way with back-pressure. Either side may end its half;
 * the tunnel is over when one of them is closed. States: open; told to end, which a WebSocket is until
 * a message of the replica ends; closing, since the client was sent a close frame in the replica's
 * name: what the replica still says is dropped, what the client says goes on up to its own close frame.
 */
export class Tunnel implements OpenStream {
  readonly streamKind: StreamKind;
  readonly #client: ExchangeClient;
  readonly #socket: Socket;
  readonly #upstream: Socket;
  readonly #owner: StreamOwner;
  readonly #down = new WebSocketFrames();
  readonly #up = new WebSocketFrames();
  #told = false;
  /** The client has heard that it is over, where a message ended. */
  #closing = false;
  /** The end of a frame in the middle of a message is good enough. */
  #hurry = false;

  /** `answer` begins with the head of the 101. */
  constructor({ client, upstream, owner }: TunnelEnds, answer: Buffer) {
    this.#client = client;
    this.#socket = client.socket;
    this.#upstream = upstream;
    this.#owner = owner;
    const bodyAt = answer.indexOf("\r\n\r\n") + 4;
    const isWebSocket = webSocketHead.test(answer.toString("latin1", 0, bodyAt));
    this.streamKind = isWebSocket ? "websocket" : "tunnel";
    this.#socket.write(answer.subarray(0, bodyAt));
    this.fromUpstream(answer.subarray(bodyAt));
  }

  get told(): boolean {
    return this.#told;
  }

  get closing(): boolean {
    return this.#closing;
  }

  fromClient(bytes: Buffer): void {
    this.#await();
    const part = this.#isWebSocket ? this.#upToClose(bytes) : bytes;
    if (part.length > 0 && !this.#upstream.write(part)) this.#socket.pause();
  }

  fromUpstream(bytes: Buffer): void {
    if (this.#closing) return;
    this.#await();
    const part = this.#isWebSocket ? this.#upToEnd(bytes) : bytes;
    const taken = part.length === 0 || this.#socket.write(part);
    if (this.#mayClose()) this.#close();
    else if (!taken) this.#upstream.pause();
  }

  clientDrained(): void {
    this.#await();
    this.#upstream.resume();
  }

  clientEnded(): void {
    this.#upstream.end();
  }

  upstreamEnded(): void {
    if (this.#closing) this.#owner.streamOver();
    else this.#socket.end();
  }

  endStream(hurry: boolean): void {
    this.#told = true;
    this.#hurry ||= hurry;
    if (this.#mayClose()) this.#close();
  }

  /** The replica is left: it hears that the client has closed, if it did not hear so from the client. */
  leave(): void {
    if (!this.#closing || this.#up.closed || !this.#up.betweenFrames) return;
    this.#upstream.write(maskedCloseFrame(goingAway));
  }

  get #isWebSocket(): boolean {
    return this.streamKind === "websocket";
  }

  // A goodbye has its own time, which nothing may stretch.
  #await(): void {
    if (!this.#closing) this.#client.waitFor("tunnel");
  }

  /** Where it was told to end: up to the end of a message. */
  #upToEnd(bytes: Buffer): Buffer {
    let at = 0;
    while (at < bytes.length && !this.#mayClose()) at = this.#down.take(bytes, at);
    return at === bytes.length ? bytes : bytes.subarray(0, at);
  }

  // Whoever has begun to close does so to the end.
  #mayClose(): boolean {
    if (!this.#told || this.#closing || this.#down.closed || !this.#isWebSocket) return false;
    return this.#hurry ? this.#down.betweenFrames : this.#down.betweenMessages;
  }

  #close(): void {
    this.#closing = true;
    this.#socket.write(closeFrame(goingAway));
    this.#client.waitFor("goodbye");
    // What comes is dropped, so the client need not take it.
    this.#upstream.resume();
    this.#owner.streamEnded();
  }

  /** Up to the end of the client's close frame: nothing may follow that. */
  #upToClose(bytes: Buffer): Buffer {
    let at = 0;
    while (at < bytes.length && !this.#up.closed) at = this.#up.take(bytes, at);
    return bytes.subarray(0, at);
  }
}
