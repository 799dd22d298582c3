import { headOf } from "../ask.ts";
import type { Loss } from "../cause.ts";
import { Connection, type Outcome, type Target } from "../connection.ts";

/** What one keep-alive connection met from the signal on. Times count from the signal. */
export interface KeepAliveSeen {
  /** `busy`: used again and again; `idle`: used before the signal, and at most once after it. */
  readonly use: "busy" | "idle";
  /** Answers since the signal. */
  readonly answers: number;
  /** Whether an answer since the signal said that it was the last one. */
  readonly announced: boolean;
  /** When it was closed, announced or not; null: it was open to the end. */
  readonly closedMs: number | null;
  /** A request that the close met. */
  readonly loss: Loss | null;
}

/** Between two requests on a busy connection, in milliseconds. */
const thinkMs = 40;

/** A client that keeps its connection, watched for how the app ends it. */
export class KeepAliveWatch {
  readonly #use: "busy" | "idle";
  readonly #request: Buffer;
  readonly #connection: Connection;
  #signalledAt: number | null = null;
  #answers = 0;
  #announced = false;
  #closedMs: number | null = null;
  #loss: Loss | null = null;
  #timer: NodeJS.Timeout | undefined;
  #busy: boolean;
  #owed = false;
  #over = false;

  private constructor(target: Target, path: string, use: "busy" | "idle") {
    this.#use = use;
    this.#busy = use === "busy";
    this.#request = Buffer.from(headOf(target, { path, keepAlive: true }));
    this.#connection = new Connection(target, () => this.#closed());
  }

  /** Opens it and gets a first answer; null when the app keeps no connection open anyway. */
  static async open(
    target: Target,
    path: string,
    use: "busy" | "idle",
  ): Promise<KeepAliveWatch | null> {
    const watch = new KeepAliveWatch(target, path, use);
    const reusable = await new Promise<boolean>((resolve) => {
      watch.#connection.send(watch.#request, (outcome) => {
        resolve(outcome.kind === "answer" && outcome.answer.reusable);
      });
    });
    if (!reusable) {
      watch.close();
      return null;
    }
    watch.#later();
    return watch;
  }

  /** SIGTERM is sent now. */
  signalled(): void {
    this.#signalledAt = performance.now();
  }

  /** Sends one more request on an idle connection, if it is still there. */
  useOnce(): void {
    if (!this.#over) this.#send();
  }

  /** Sends nothing more: from now on the platform routes elsewhere. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#busy = false;
  }

  get seen(): KeepAliveSeen {
    return {
      use: this.#use,
      answers: this.#answers,
      announced: this.#announced,
      closedMs: this.#closedMs,
      loss: this.#loss,
    };
  }

  close(): void {
    this.#over = true;
    this.rest();
    this.#connection.destroy();
  }

  #later(): void {
    if (this.#busy) this.#timer = setTimeout(() => this.#send(), thinkMs);
  }

  #send(): void {
    if (this.#owed || this.#over) return;
    this.#owed = true;
    this.#connection.send(this.#request, (outcome) => {
      this.#owed = false;
      this.#met(outcome);
    });
  }

  #met(outcome: Outcome): void {
    const signalled = this.#signalledAt !== null;
    if (outcome.kind === "loss") {
      if (signalled) this.#loss = outcome.loss;
      return;
    }
    if (signalled) this.#answers += 1;
    if (outcome.answer.reusable) this.#later();
    else this.#announced = true;
  }

  #closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.rest();
    const now = performance.now();
    this.#closedMs = this.#signalledAt === null ? 0 : now - this.#signalledAt;
  }
}
