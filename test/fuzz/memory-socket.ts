import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Intake } from "../../packages/proxy/src/worker/dial.ts";

export interface MemorySocketOptions {
  /** Gets what is written, when the other side has it. */
  readonly onWrite: (bytes: Buffer) => void;
  /** Whose memory the other side's bytes are read into. */
  readonly intake: Intake;
  /** Writes wait for `pump`, as those to somebody who reads slowly. */
  readonly slow: boolean;
}

/**
 * A socket without a kernel: what the other side sends is given in pieces by `deliver`. What a real
 * one does later, `pump` does; so a run can be repeated.
 */
export class MemorySocket extends EventEmitter {
  readonly remoteAddress = "127.0.0.1";
  readonly connecting = false;
  /** All that the other side got, as latin1 text. */
  received = "";
  /** Our side ended its half in good order. */
  ended = false;
  /** It was broken instead of ended. */
  broken = false;
  destroyed = false;
  writableNeedDrain = false;
  readonly #options: MemorySocketOptions;
  readonly #unread: Buffer[] = [];
  /** Written and not yet sent: the very bytes that were handed over, as a real socket keeps them. */
  #unsent: Buffer[] = [];
  #paused = false;
  #closed = false;
  #memory: Buffer;

  constructor(options: MemorySocketOptions) {
    super();
    this.#options = options;
    this.#memory = options.intake.nextBuffer();
  }

  get readable(): boolean {
    return !this.destroyed;
  }

  get writable(): boolean {
    return !this.destroyed && !this.ended;
  }

  get writableLength(): number {
    return this.#unsent.reduce((sum, part) => sum + part.length, 0);
  }

  /** Bytes of the other side; kept until they are read. */
  deliver(bytes: Buffer): void {
    if (this.destroyed || bytes.length === 0) return;
    this.#unread.push(bytes);
    this.#read();
  }

  /** The other side ends its half. */
  deliverEnd(): void {
    if (!this.destroyed) this.emit("end");
  }

  /** Does one thing that waits; whether there was one. */
  pump(): boolean {
    if (this.destroyed) return this.#close();
    if (this.#unsent.length > 0) {
      this.#flush();
      return true;
    }
    if (this.#paused || this.#unread.length === 0) return false;
    this.#read();
    return true;
  }

  write(bytes: string | Buffer, encoding: BufferEncoding = "utf8"): boolean {
    if (!this.writable) return false;
    this.#unsent.push(typeof bytes === "string" ? Buffer.from(bytes, encoding) : bytes);
    if (!this.#options.slow) this.#send();
    this.writableNeedDrain = this.#options.slow;
    return !this.#options.slow;
  }

  end(): this {
    this.ended = true;
    return this;
  }

  destroy(): this {
    if (this.#unsent.length > 0) this.broken = true;
    this.destroyed = true;
    return this;
  }

  resetAndDestroy(): this {
    this.broken = !this.ended;
    return this.destroy();
  }

  pause(): this {
    this.#paused = true;
    return this;
  }

  resume(): this {
    this.#paused = false;
    return this;
  }

  isPaused(): boolean {
    return this.#paused;
  }

  cork(): void {
    return;
  }

  uncork(): void {
    return;
  }

  /** For the data plane, which takes nothing of a socket that is not above. */
  asSocket(): Socket {
    if (!isEnough(this)) throw new Error("not a socket for the data plane");
    return this;
  }

  #close(): boolean {
    const closes = !this.#closed;
    this.#closed = true;
    if (closes) this.emit("close");
    return closes;
  }

  #flush(): void {
    this.#send();
    this.writableNeedDrain = false;
    this.emit("drain");
  }

  #send(): void {
    for (const part of this.#unsent.splice(0)) {
      this.received += part.toString("latin1");
      this.#options.onWrite(part);
    }
  }

  #read(): void {
    while (!this.#paused && !this.destroyed) {
      const next = this.#unread.shift();
      if (next === undefined) return;
      this.#give(next);
    }
  }

  #give(bytes: Buffer): void {
    const { intake } = this.#options;
    const count = bytes.copy(this.#memory);
    if (count < bytes.length) this.#unread.unshift(bytes.subarray(count));
    intake.received(count);
    this.#memory = intake.nextBuffer();
  }
}

function isEnough(socket: EventEmitter): socket is Socket {
  return socket instanceof MemorySocket;
}
