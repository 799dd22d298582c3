import { setTimeout as after } from "node:timers/promises";
import { HitlessError } from "@hitless/core";
import { headOf } from "../ask.ts";
import { Connection, type Outcome, type Target } from "../connection.ts";
import type { HeldClient, HeldEnd } from "./held-client.ts";

/** How long the app may take until something is held, in milliseconds. */
const openTimeoutMs = 10_000;
/** How long a slow request may need to have reached the app, in milliseconds. */
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
    else if (kind === "sse") await this.#until(() => this.#connection.answerBegan);
    else await after(underWayMs);
    const outcome = this.#outcome;
    if (kind === "idle" || outcome === null) return;
    // Nobody asked for this one: an app may answer a POST without its body.
    if (kind === "upload" && outcome.kind === "answer") return;
    const what =
      outcome.kind === "answer"
        ? `was answered ${outcome.answer.status} in ${underWayMs} ms or less`
        : `was lost (${outcome.loss.detail}) before any signal`;
    throw new HitlessError("BAD_INPUT", `${path} (${kind}) ${what}: nothing is held`, {
      next: "Name a path whose answer lasts, or leave the option out.",
    });
  }

  async #until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + openTimeoutMs;
    while (!condition() && performance.now() < deadline) await after(lookEveryMs);
    if (condition()) return;
    const { kind, path } = this.#request;
    throw new HitlessError("BAD_INPUT", `${path} (${kind}) is silent for ${openTimeoutMs} ms`, {
      next: "A stream has to begin its answer at once.",
    });
  }
}
