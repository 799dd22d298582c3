import { setTimeout as after } from "node:timers/promises";
import { headOf } from "../ask.ts";
import { Connection, type Outcome, type Target } from "../connection.ts";
import { seconds } from "./evidence.ts";
import { type HeldClient, type HeldEnd, openTimeoutMs } from "./held-client.ts";

/** How long a slow request may need to have reached the app, and an answer to be whole, in milliseconds. */
const underWayMs = 150;
const uploadBytes = 2000;
const lookEveryMs = 5;

interface HeldRequest {
  readonly kind: "idle" | "slow" | "upload" | "sse";
  readonly path: string;
}

/** A request that the app owes something for, or has answered. */
export class RequestHeld implements HeldClient {
  readonly opened: Promise<void>;
  readonly #connection: Connection;
  readonly #request: HeldRequest;
  #outcome: Outcome | null = null;
  #closed = false;
  /** What the app did instead of letting something be held. */
  #instead: string | null = null;

  constructor(target: Target, request: HeldRequest) {
    this.#request = request;
    this.#connection = new Connection(target, () => {
      this.#closed = true;
    });
    const upload = request.kind === "upload";
    const head = headOf(target, {
      method: upload ? "POST" : "GET",
      path: request.path,
      keepAlive: true,
      bodyBytes: upload ? uploadBytes : 0,
    });
    const bytes = Buffer.from(upload ? head + "x".repeat(uploadBytes / 2) : head);
    this.#connection.send(bytes, (outcome) => {
      this.#outcome = outcome;
    });
    this.opened = this.#open();
  }

  get end(): HeldEnd {
    const outcome = this.#outcome;
    if (this.#instead !== null) return { kind: "never", detail: this.#instead };
    if (this.#request.kind === "idle") return { kind: this.#closed ? "closed" : "open" };
    if (outcome === null) return { kind: "open" };
    if (outcome.kind === "answer") return { kind: "answered", status: outcome.answer.status };
    return { kind: "cut", detail: `${outcome.loss.cause}, ${outcome.loss.detail}` };
  }

  complete(): void {
    if (this.#request.kind !== "upload" || this.#outcome !== null) return;
    this.#connection.sendRest(Buffer.from("x".repeat(uploadBytes / 2)));
  }

  close(): void {
    this.#connection.destroy();
  }

  async #open(): Promise<void> {
    const { kind, path } = this.#request;
    if (kind === "idle") await this.#until(() => this.#outcome !== null);
    if (kind === "sse") await this.#until(() => this.#connection.answerBegan);
    const began = this.#outcome !== null || this.#connection.answerBegan;
    if ((kind === "idle" || kind === "sse") && !began) {
      this.#instead = `${path} got no answer in ${seconds(openTimeoutMs)}`;
      return;
    }
    if (kind !== "idle") await after(underWayMs);
    this.#instead = this.#notHeld();
  }

  #notHeld(): string | null {
    const { kind, path } = this.#request;
    const outcome = this.#outcome;
    if (outcome === null) return null;
    if (outcome.kind === "loss") return `${path} was lost (${outcome.loss.detail})`;
    const answered = `${path} was answered ${outcome.answer.status}`;
    if (kind === "slow") return `${answered} at once: nothing to finish`;
    if (kind === "sse") return `${answered} and ended at once: no stream`;
    // Nobody asked for the upload: an app may answer a POST without its body.
    return null;
  }

  async #until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + openTimeoutMs;
    const waits = () => !condition() && this.#outcome === null;
    while (waits() && performance.now() < deadline) await after(lookEveryMs);
  }
}
