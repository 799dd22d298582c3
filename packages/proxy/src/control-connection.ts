import { connect, type Socket } from "node:net";
import { HitlessError } from "@hitless/core";
import {
  type ControlMessage,
  type ControlRequest,
  isControlMessage,
  JsonLines,
  protocolVersion,
} from "./control-protocol.ts";

/** A request without the id, which the connection gives it. */
export type Asked = ControlRequest extends infer R
  ? R extends ControlRequest
    ? Omit<R, "id">
    : never
  : never;

/** When to stop waiting for an answer; the question itself is not taken back. */
export interface AskLimits {
  /** Milliseconds, then PROXY_UNREACHABLE; without it the wait has no end of its own. */
  readonly timeoutMs?: number;
  /** Rejects with its reason. */
  readonly signal?: AbortSignal;
}

interface Pending {
  readonly resolve: (message: ControlMessage) => void;
  readonly reject: (error: HitlessError) => void;
}

const helloTimeoutMs = 5_000;

/** The controller's end of the control socket: requests with answers, and news of workers. */
export class ControlConnection {
  readonly hello: Extract<ControlMessage, { kind: "hello" }>;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(pids: readonly number[]) => void>();
  #nextId = 1;

  private constructor(socket: Socket, hello: Extract<ControlMessage, { kind: "hello" }>) {
    this.#socket = socket;
    this.hello = hello;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#failAll();
        resolve();
      });
    });
  }

  /**
   * Connects and waits for the greeting, for 5 s or until `limits` say; null when nobody is there.
   * Rejects with PROXY_UNREACHABLE when somebody is and does not greet in time, or in another language.
   */
  static open(path: string, limits: AskLimits = {}): Promise<ControlConnection | null> {
    const { timeoutMs = helloTimeoutMs, signal } = limits;
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const lines = new JsonLines();
      let connection: ControlConnection | null = null;
      const giveUp = () => {
        reject(silent(path));
        socket.destroy();
      };
      const timeout = setTimeout(giveUp, timeoutMs);
      signal?.addEventListener("abort", giveUp, { once: true });
      const settled = () => {
        clearTimeout(timeout);
        signal?.removeEventListener("abort", giveUp);
      };
      socket.on("error", () => undefined);
      socket.once("close", () => {
        settled();
        resolve(null);
      });
      const receive = (message: unknown) => {
        if (!isControlMessage(message)) return;
        if (connection !== null) connection.#receive(message);
        else if (message.kind === "hello" && message.protocol === protocolVersion) {
          settled();
          connection = new ControlConnection(socket, message);
          resolve(connection);
        } else {
          socket.destroy();
          reject(unknownProtocol(path));
        }
      };
      socket.on("data", (data: Buffer) => {
        try {
          for (const message of lines.push(data)) receive(message);
        } catch {
          // Whatever answers there is no holder.
          socket.destroy();
        }
      });
    });
  }

  /** Resolves with the answer; rejects with PROXY_UNREACHABLE when refused, cut off or too late. */
  ask(asked: Asked, limits: AskLimits = {}): Promise<ControlMessage> {
    const { timeoutMs, signal } = limits;
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (!this.#socket.writable) {
        reject(gone());
        return;
      }
      const giveUp = (error: Error) => {
        this.#pending.delete(id);
        settled();
        reject(error);
      };
      const aborted = () =>
        giveUp(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      signal?.addEventListener("abort", aborted, { once: true });
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => giveUp(tooLate(asked.kind, timeoutMs)), timeoutMs);
      const settled = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
      };
      this.#pending.set(id, {
        resolve: (message) => {
          settled();
          resolve(message);
        },
        reject: giveUp,
      });
      this.#socket.write(`${JSON.stringify({ ...asked, id })}\n`);
    });
  }

  onWorkers(listener: (pids: readonly number[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#socket.end();
    this.#socket.destroySoon();
    await this.closed;
  }

  #receive(message: ControlMessage): void {
    if (message.kind === "workers") {
      for (const listener of this.#listeners) listener(message.pids);
      return;
    }
    if (message.kind === "hello") return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === "refused") {
      pending?.reject(
        new HitlessError("PROXY_UNREACHABLE", `the proxy refused: ${message.message}`),
      );
    } else {
      pending?.resolve(message);
    }
  }

  #failAll(): void {
    for (const pending of this.#pending.values()) pending.reject(gone());
    this.#pending.clear();
  }
}

function gone(): HitlessError {
  return new HitlessError("PROXY_UNREACHABLE", "the connection to the proxy is closed", {
    next: "Connect again; when nobody answers, start a new proxy.",
  });
}

function tooLate(kind: Asked["kind"], timeoutMs: number): HitlessError {
  return new HitlessError(
    "PROXY_UNREACHABLE",
    `the proxy did not answer ${kind} within ${timeoutMs} ms`,
    { next: "Try again: a worker that hangs is replaced after 10 s." },
  );
}

function silent(path: string): HitlessError {
  return new HitlessError("PROXY_UNREACHABLE", `the proxy's holder on ${path} does not answer`, {
    next: "A holder that is silent for 30 s is ended by the controller: see `hitless events`.",
  });
}

function unknownProtocol(path: string): HitlessError {
  return new HitlessError(
    "PROXY_UNREACHABLE",
    `what answers on ${path} speaks another version of the control protocol`,
    { next: "Stop it with the version of Hitless that started it." },
  );
}
