import { Agent } from "node:http";
import { EventClient } from "./event-client.ts";
import type { FarEnd, StreamEnd, StreamId } from "./stream-client.ts";
import { WebSocketClient } from "./web-socket-client.ts";

/** Where they connect, and how many of each kind. */
export interface StreamClientsOptions {
  readonly port: number;
  readonly each: number;
  /** Whether who has lost its stream opens another one at once. */
  readonly again: boolean;
}

/** A moment between two attempts of a client that nobody answered, ms. */
const againMs = 100;

/** Clients with a stream each: half of them server-sent events, half WebSockets. */
export class StreamClients implements Disposable {
  readonly ends: StreamEnd[] = [];
  /** What came of attempts at which nobody said who it is. */
  readonly refused: string[] = [];
  /** Whom each client talks to now, by kind and number. */
  readonly #talking = new Map<string, FarEnd>();
  readonly #open = new Map<string, { destroy(): void }>();
  readonly #options: StreamClientsOptions;
  readonly #agent = new Agent({ keepAlive: true });
  #stopped = false;

  constructor(options: StreamClientsOptions) {
    this.#options = options;
    for (let client = 0; client < options.each; client += 1) {
      this.#connect({ kind: "sse", client });
      this.#connect({ kind: "websocket", client });
    }
  }

  /** How many have a stream of that revision. */
  on(revision: string): number {
    return [...this.#talking.values()].filter((from) => from.revision === revision).length;
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    for (const one of this.#open.values()) one.destroy();
    this.#agent.destroy();
  }

  #connect(id: StreamId): void {
    if (this.#stopped) return;
    const { port } = this.#options;
    const name = `${id.kind} ${id.client}`;
    const watcher = {
      opened: (from: FarEnd) => void this.#talking.set(name, from),
      ended: (from: FarEnd | null, whole: number, fault: string | null) => {
        this.#talking.delete(name);
        if (from !== null) this.ends.push({ ...id, at: performance.now(), from, whole, fault });
        else if (fault !== null) this.refused.push(fault);
        // Not before whoever ended it has come to its own end.
        if (this.#options.again) setTimeout(() => this.#connect(id), from === null ? againMs : 0);
      },
    };
    const one =
      id.kind === "sse"
        ? new EventClient(`http://127.0.0.1:${port}`, this.#agent, watcher)
        : new WebSocketClient(port, watcher);
    this.#open.set(name, one);
  }
}
