import { connect, type Socket } from "node:net";
import { counted, messageOf } from "@hitless/core";
import { type Answer, AnswerReader } from "./answer-reader.ts";
import { type Loss, lossOfError } from "./cause.ts";

/** What one exchange came to. */
export type Outcome =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "loss"; readonly loss: Loss };

/** Where connections go. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** One buffer for all reads of all connections: a read is consumed before the next one begins. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/**
 * One client connection, one request at a time, no retry of any sort. It is *connecting*, then in
 * turn *busy* (from `send` to its outcome) and *idle*, until it is *closed*, by either side; a
 * closed one never comes back. `onClose` is called once, when the connection is of no more use.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #onClose: (connection: Connection) => void;
  #reader = new AnswerReader();
  #settle: ((outcome: Outcome) => void) | null = null;
  #closed = false;
  #served = 0;

  constructor(target: Target, onClose: (connection: Connection) => void) {
    this.#onClose = onClose;
    this.#socket = connect({
      host: target.host,
      port: target.port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          this.#read(readBuffer.subarray(0, bytes));
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => this.#fail(lossOfError(error, this.#reader.began)));
    this.#socket.on("end", () => this.#end());
    this.#socket.on("close", () => this.#end());
  }

  /** How many requests were answered on it. */
  get served(): number {
    return this.#served;
  }

  /** Whether bytes of the present answer were seen. */
  get answerBegan(): boolean {
    return this.#reader.began;
  }

  /** Writes a request; `settle` is called exactly once, unless `destroy` comes first. */
  send(request: Buffer, settle: (outcome: Outcome) => void): void {
    this.#reader = new AnswerReader();
    this.#settle = settle;
    this.#socket.write(request);
  }

  /** Writes more of a request that `send` began. */
  sendRest(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Closes at once; an outcome still owed is never delivered. */
  destroy(): void {
    this.#settle = null;
    this.#close();
  }

  #read(bytes: Buffer): void {
    // Bytes that nobody asked for: the next answer could be mistaken for another's.
    if (this.#settle === null) {
      this.#close();
      return;
    }
    try {
      const answer = this.#reader.push(bytes);
      if (answer !== null) this.#answered(answer);
    } catch (error) {
      this.#fail({
        cause: "other",
        detail: messageOf(error),
      });
    }
  }

  #end(): void {
    if (this.#closed) return;
    const answer = this.#settle === null ? null : this.#reader.end();
    if (answer !== null) this.#answered(answer);
    else if (this.#reader.began)
      this.#fail({ cause: "truncated", detail: "closed inside the answer" });
    else this.#fail({ cause: "closed-early", detail: this.#howUsed() });
  }

  #answered(answer: Answer): void {
    this.#served += 1;
    if (!answer.reusable) this.#close();
    this.#deliver({ kind: "answer", answer });
  }

  #fail(loss: Loss): void {
    const used = loss.cause === "reset" ? `${loss.detail}, ${this.#howUsed()}` : loss.detail;
    this.#close();
    const onReused = this.#served > 0;
    this.#deliver({ kind: "loss", loss: { cause: loss.cause, detail: used, onReused } });
  }

  #deliver(outcome: Outcome): void {
    const settle = this.#settle;
    this.#settle = null;
    settle?.(outcome);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#onClose(this);
  }

  #howUsed(): string {
    if (this.#served === 0) return "first request of its connection";
    return `after ${counted(this.#served, "answer")}`;
  }
}
