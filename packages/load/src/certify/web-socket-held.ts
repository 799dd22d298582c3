import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { Target } from "../connection.ts";
import { seconds } from "./evidence.ts";
import { type HeldClient, type HeldEnd, openTimeoutMs } from "./held-client.ts";

const headEnd = "\r\n\r\n";
const closeOpcode = 8;
/** What a close frame without a code means (RFC 6455, 7.1.5). */
const noCode = 1005;

/** A WebSocket that only listens, and answers a close frame with one (RFC 6455). */
export class WebSocketHeld implements HeldClient {
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #path: string;
  #bytes: Buffer = Buffer.alloc(0);
  #upgraded = false;
  #end: HeldEnd = { kind: "open" };
  #settle = () => {};

  constructor(target: Target, path: string) {
    this.#path = path;
    this.#socket = connect(target);
    const late = setTimeout(
      () => this.#over(`no answer in ${seconds(openTimeoutMs)}`),
      openTimeoutMs,
    );
    this.opened = new Promise((resolve) => {
      this.#settle = () => {
        clearTimeout(late);
        resolve();
      };
    });
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nConnection: Upgrade\r\n` +
        `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}${headEnd}`,
    );
    this.#socket.on("data", (data: Buffer) => this.#read(data));
    this.#socket.on("error", (error) => this.#over(error.message));
    this.#socket.on("close", () => this.#over("closed without a close frame"));
  }

  get end(): HeldEnd {
    return this.#end;
  }

  complete(): void {}

  close(): void {
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, data]);
    if (!this.#upgraded && !this.#readHead()) return;
    for (let frame = frameOf(this.#bytes); frame !== null; frame = frameOf(this.#bytes)) {
      this.#bytes = this.#bytes.subarray(frame.length);
      if (frame.opcode === closeOpcode) this.#farewell(frame.payload);
    }
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf(headEnd);
    if (end < 0) return false;
    const line = this.#bytes.toString("latin1", 0, this.#bytes.indexOf("\r\n"));
    this.#bytes = this.#bytes.subarray(end + headEnd.length);
    this.#upgraded = /^HTTP\/1\.1 101\b/.test(line);
    if (this.#upgraded) this.#settle();
    else this.#over(`answered ${JSON.stringify(line)}`);
    return this.#upgraded;
  }

  #farewell(payload: Buffer): void {
    const code = payload.length < 2 ? noCode : payload.readUInt16BE(0);
    this.#end = { kind: "close-frame", code };
    // A client's frames are masked; with zeros the payload is its own mask.
    const head = Buffer.from([0x80 | closeOpcode, 0x80 | payload.length, 0, 0, 0, 0]);
    this.#socket.end(Buffer.concat([head, payload]));
  }

  #over(detail: string): void {
    this.#socket.destroy();
    this.#settle();
    if (this.#end.kind !== "open") return;
    this.#end = this.#upgraded
      ? { kind: "cut", detail }
      : { kind: "never", detail: `${this.#path} opens no WebSocket: ${detail}` };
  }
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** Of all of it. */
  readonly length: number;
}

/** The frame that begins there; null while it is not whole. A server's frames are not masked. */
function frameOf(bytes: Buffer): Frame | null {
  const [first = 0, short = 0] = bytes;
  const at = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < at) return null;
  const sizes: Readonly<Record<number, () => number>> = {
    126: () => bytes.readUInt16BE(2),
    127: () => Number(bytes.readBigUInt64BE(2)),
  };
  const length = at + (sizes[short]?.() ?? short);
  if (bytes.length < length) return null;
  return { opcode: first & 15, payload: bytes.subarray(at, length), length };
}
