import type { Socket } from "node:net";
import { BodyReader } from "../http/body-reader.ts";
import { broken } from "../http/chunked-end.ts";
import { hasBareLineFeed } from "../http/header-lines.ts";
import { isHeadTooLong } from "../http/header-scan.ts";
import type { Reason } from "../http/reasons.ts";
import { parseResponseHead, type ResponseHead } from "../http/response-head.ts";
import type { Intake } from "./dial.ts";
import type { Poolable } from "./idle-pool.ts";
import { ReadBuffer } from "./read-buffer.ts";

/**
 * How an upstream connection failed its request: never connected; closed without a byte of answer;
 * closed in the middle of it; answered with something that is not HTTP.
 */
export type UpstreamFailure = "connect" | "unanswered" | "truncated" | "bad-response";

/** Why the proxy answers in place of the replica then. */
export const failureReason: Readonly<Record<UpstreamFailure, Reason>> = {
  connect: "connect-failed",
  unanswered: "upstream-closed",
  truncated: "upstream-closed",
  "bad-response": "bad-response",
};

/**
 * Who gets the answer of one request. All calls are synchronous and in order; bytes are valid during
 * the call, and longer only while `holdsBytes` is true.
 */
export interface AnswerSink {
  readonly head: { readonly isHead: boolean; readonly upgrade: string | null };
  /** Whether bytes that were passed to it are still on their way to the client. */
  readonly holdsBytes: boolean;
  onConnected(): void;
  /** A 1xx head, complete with its empty line. */
  onInterim(bytes: Buffer): void;
  /**
   * The head, its bytes together with the first ones of the body, and whether the body ends with
   * them. The sink may change these bytes.
   */
  onHead(head: ResponseHead, message: Buffer, ended: boolean): void;
  onBody(body: Buffer, ended: boolean): void;
  /** 101: from here on the bytes belong to another protocol. `bytes` begin with the 101 head. */
  onSwitch(bytes: Buffer): void;
  onTunnelBytes(bytes: Buffer): void;
  onTunnelEnd(): void;
  onDrain(): void;
  onFailure(failure: UpstreamFailure): void;
}

const nothing = Buffer.alloc(0);
const emptyLine = Buffer.from("\r\n\r\n");
/** More 1xx heads than this before one answer are refused: they pass without back-pressure. */
const maxInterims = 100;

/**
 * One connection to a replica, which parses the answers. States: connecting (until `connected`),
 * idle (no sink), awaiting a head (sink, no body), reading a body, tunnelling, destroyed.
 */
export class UpstreamConnection implements Poolable, Intake {
  readonly socket: Socket;
  idleSince = 0;
  idleLimitMs = 0;
  connected = false;
  /** Bytes came that belong to no answer, or the replica said close: never pool it. */
  spoiled = false;
  readonly #memory = new ReadBuffer();
  #sink: AnswerSink | null = null;
  /** How many bytes the last read brought, and whether somebody still needs them. */
  #lastRead = 0;
  #bytesHeld = false;
  /** At least one byte of answer came for the request at hand. */
  #answering = false;
  /** The beginning of a head. */
  #held: Buffer | null = null;
  #body: BodyReader | null = null;
  #tunnelling = false;
  /** 1xx heads that came for the request at hand. */
  #interims = 0;

  /** `onIdleClose` is called when it closes between two requests. */
  constructor(open: (intake: Intake) => Socket, onIdleClose: (self: UpstreamConnection) => void) {
    this.socket = open(this);
    this.socket.on("connect", () => {
      this.connected = true;
      this.#sink?.onConnected();
    });
    this.socket.on("drain", () => this.#sink?.onDrain());
    this.socket.on("end", () => this.#ended());
    // The reason does not change what has to be done; `close` follows.
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      if (this.#sink === null) onIdleClose(this);
      else this.#fail(this.#failureNow());
    });
  }

  usable(): boolean {
    return this.connected && !this.socket.destroyed && this.socket.readable && this.socket.writable;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Gives the next answer to `sink`. */
  attach(sink: AnswerSink): void {
    this.#sink = sink;
    this.#body = null;
    this.#held = null;
    this.#answering = false;
    this.#interims = 0;
  }

  /** Nobody waits for the answer any more. */
  detach(): void {
    this.#sink = null;
  }

  nextBuffer(): Buffer {
    return this.#memory.next(this.#lastRead, this.#bytesHeld);
  }

  received(count: number): void {
    const sink = this.#sink;
    this.#lastRead = count;
    if (sink === null) {
      this.spoiled = true;
      this.destroy();
      return;
    }
    this.#receive(this.#memory.bytes(count), sink);
    this.#bytesHeld = sink.holdsBytes;
  }

  #receive(data: Buffer, sink: AnswerSink): void {
    if (this.#tunnelling) {
      sink.onTunnelBytes(data);
    } else if (this.#body !== null) {
      this.#receiveBody(this.#body, data, sink);
    } else {
      this.#answering = true;
      const held = this.#held;
      this.#held = null;
      this.#receiveHead(held === null ? data : Buffer.concat([held, data]), sink);
    }
  }

  #receiveHead(data: Buffer, sink: AnswerSink): void {
    let rest = data;
    for (;;) {
      const end = rest.indexOf(emptyLine);
      if (cannotEnd(rest, end)) {
        this.#fail("bad-response");
        return;
      }
      if (end < 0) {
        this.#held = Buffer.from(rest);
        return;
      }
      const head = parseResponseHead(rest.toString("latin1", 0, end + 2), sink.head.isHead);
      if (head === null || !isInPlace(head, sink)) {
        this.#fail("bad-response");
        return;
      }
      if (head.switches) {
        this.#tunnelling = true;
        const switching = Buffer.from(head.switching, "latin1");
        sink.onSwitch(Buffer.concat([switching, rest.subarray(head.length)]));
        return;
      }
      if (head.status >= 200) {
        this.#beginBody(head, { message: rest, bodyAt: end + 4 }, sink);
        return;
      }
      this.#interims += 1;
      if (this.#interims > maxInterims) {
        this.#fail("bad-response");
        return;
      }
      sink.onInterim(head.passing(rest.subarray(0, end + 4)));
      rest = rest.subarray(end + 4);
    }
  }

  #beginBody(head: ResponseHead, { message, bodyAt }: Message, sink: AnswerSink): void {
    const body = new BodyReader(head.framing, head.contentLength);
    this.#body = body;
    const end = body.take(message, bodyAt);
    if (end === broken) {
      this.#fail("bad-response");
      return;
    }
    const extra = end >= 0 && end < message.length;
    this.spoiled = !head.keepAlive || extra;
    sink.onHead(head, extra ? message.subarray(0, end) : message, body.done);
  }

  #receiveBody(body: BodyReader, data: Buffer, sink: AnswerSink): void {
    const end = body.take(data, 0);
    if (end === broken) {
      this.#fail("bad-response");
      return;
    }
    if (end >= 0 && end < data.length) this.spoiled = true;
    sink.onBody(end >= 0 ? data.subarray(0, end) : data, body.done);
  }

  #ended(): void {
    if (this.#tunnelling) {
      this.#sink?.onTunnelEnd();
    } else if (this.#body?.framing === "eof") {
      this.#sink?.onBody(nothing, true);
    } else {
      this.destroy();
    }
  }

  #failureNow(): UpstreamFailure {
    if (!this.connected) return "connect";
    return this.#answering ? "truncated" : "unanswered";
  }

  #fail(failure: UpstreamFailure): void {
    const sink = this.#sink;
    this.#sink = null;
    this.destroy();
    sink?.onFailure(failure);
  }
}

// A script that ends its lines with LF alone believes that its head is complete, and waits.
function cannotEnd(bytes: Buffer, end: number): boolean {
  return isHeadTooLong(end, bytes.length) || (end < 0 && hasBareLineFeed(bytes, 0));
}

// A 101 has to be asked for.
function isInPlace(head: ResponseHead, { head: asked }: AnswerSink): boolean {
  if (head.status === 101) return head.switches && asked.upgrade !== null;
  return head.status >= 200 || head.isPlainInterim;
}

/** A head and what came with it. */
interface Message {
  readonly message: Buffer;
  readonly bodyAt: number;
}
