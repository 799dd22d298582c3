import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { CountReader, type StreamWatcher } from "./stream-client.ts";

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** What a replica that leaves has to say: it goes away (RFC 6455 §7.4.1). */
const rightCode = 1001;
/** For the server to end the connection when both have said goodbye, ms. */
const farewellMs = 10_000;

interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly payload: Buffer;
  /** Bytes of all of it. */
  readonly length: number;
}

/**
 * One WebSocket on a plain socket, which checks every byte: each message is echoed by a question of
 * ours. Its end is good when a close frame with the right code came between two messages, and the
 * server ended the connection once it was answered.
 */
export class WebSocketClient {
  readonly #watcher: StreamWatcher;
  readonly #socket: Socket;
  readonly #key = randomBytes(16).toString("base64");
  readonly #reader = new CountReader();
  #held: Buffer = Buffer.alloc(0);
  #opened = false;
  #message: Buffer[] = [];
  #echoes = 0;
  #closed = false;
  #over = false;
  #farewell: NodeJS.Timeout | null = null;

  constructor(port: number, watcher: StreamWatcher) {
    this.#watcher = watcher;
    this.#socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.#socket.write(
      `GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${this.#key}\r\n\r\n`,
    );
    this.#socket.on("data", (data: Buffer) => this.#read(data));
    this.#socket.on("error", (error) => this.#end(`broken: ${error.message}`));
    this.#socket.on("end", () => this.#end(this.#faultAtEnd()));
    this.#socket.on("close", () => this.#end("closed without an end"));
  }

  /** Nothing is told any more. */
  destroy(): void {
    this.#over = true;
    this.#forget();
  }

  #read(data: Buffer): void {
    if (this.#over) return;
    this.#held = Buffer.concat([this.#held, data]);
    if (!this.#opened && !this.#readHead()) return;
    for (;;) {
      const frame = frameAt(this.#held);
      if (frame === null) return;
      this.#held = this.#held.subarray(frame.length);
      const fault = this.#closed ? "a frame after the close frame" : this.#take(frame);
      if (fault !== null) {
        this.#end(fault);
        return;
      }
    }
  }

  #readHead(): boolean {
    const end = this.#held.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#held.toString("latin1", 0, end);
    this.#held = this.#held.subarray(end + 4);
    const accept = createHash("sha1")
      .update(this.#key + guid)
      .digest("base64");
    this.#opened = head.startsWith("HTTP/1.1 101 ") && head.includes(accept);
    if (!this.#opened) this.#end(`answered ${head.split("\r\n")[0]}`);
    return this.#opened;
  }

  #take({ opcode, final, payload }: Frame): string | null {
    if (opcode === 8) return this.#takeClose(payload);
    if (opcode > 1) return `opcode ${opcode}`;
    if ((opcode === 0) !== this.#message.length > 0) return "a message inside another";
    this.#message.push(payload);
    if (!final) return null;
    const text = Buffer.concat(this.#message).toString();
    this.#message = [];
    return text.startsWith("echo ") ? this.#takeEcho(text) : this.#takeCount(text);
  }

  #takeEcho(text: string): string | null {
    this.#echoes += 1;
    return text === `echo ${this.#echoes}` ? null : `${text}, wanted echo ${this.#echoes}`;
  }

  #takeCount(text: string): string | null {
    const fault = this.#reader.take(text);
    if (fault === null && this.#reader.from !== null && this.#reader.whole === 1) {
      this.#watcher.opened(this.#reader.from);
    }
    this.#socket.write(maskedFrame(1, Buffer.from(String(this.#reader.whole))));
    return fault;
  }

  #takeClose(payload: Buffer): string | null {
    if (this.#message.length > 0) return "closed in the middle of a message";
    const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    if (code !== rightCode) return `closed with ${code}`;
    this.#closed = true;
    this.#socket.write(maskedFrame(8, payload));
    const late = () => this.#end("said goodbye, and the connection stayed open");
    this.#farewell = setTimeout(late, farewellMs);
    return null;
  }

  #faultAtEnd(): string | null {
    if (this.#held.length > 0) return "ended in the middle of a frame";
    return this.#closed ? null : "ended without a close frame";
  }

  #end(fault: string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.#watcher.ended(this.#reader.from, this.#reader.whole, fault);
  }

  #forget(): void {
    if (this.#farewell !== null) clearTimeout(this.#farewell);
    this.#socket.destroy();
  }
}

/** The frame that begins there; null while it is not whole. Throws when a server masks it. */
function frameAt(held: Buffer): Frame | null {
  if (held.length < 2) return null;
  const [first = 0, short = 0] = held;
  if (short > 127) throw new Error("a server's frame is masked");
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const at = 2 + extended;
  if (held.length < at) return null;
  const size = extended === 0 ? short : Number(BigInt(`0x${held.toString("hex", 2, at)}`));
  if (held.length < at + size) return null;
  const payload = held.subarray(at, at + size);
  return { opcode: first & 15, final: first > 127, payload, length: at + size };
}

function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, masked]);
}
