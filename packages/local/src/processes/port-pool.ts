import { createServer } from "node:net";
import { HitlessError } from "@hitless/core";
import { isListenedOn } from "./listeners.ts";
import { readIfPresent } from "./process-table.ts";

export interface PortRange {
  readonly from: number;
  /** Included. */
  readonly to: number;
}

export interface PortPoolOptions {
  /** Null: what lies outside the ephemeral range. */
  readonly range?: PortRange | null;
  /** Called with each port before it is returned; tests take it away here. */
  readonly onChosen?: (port: number) => void | Promise<void>;
}

/**
 * Gives each start of a replica a port of its own on loopback. Ports lie outside the range that the
 * kernel hands to outgoing connections, so that none of those holds one by chance. Free means: we
 * use it for nothing else, no stranger took it lately, and it can be bound now. Another program
 * may still take it before the replica does, so readiness asks who answers.
 */
export class PortPool {
  readonly #range: PortRange;
  readonly #onChosen: (port: number) => void | Promise<void>;
  readonly #inUse = new Set<number>();
  readonly #burnedUntil = new Map<number, number>();
  #next: number;

  constructor({ range = null, onChosen = () => {} }: PortPoolOptions = {}) {
    this.#range = range ?? defaultRange();
    this.#onChosen = onChosen;
    this.#next = this.#range.from + Math.floor(Math.random() * sizeOf(this.#range));
  }

  /** Chooses a free port and keeps it in use. Rejects with `NO_FREE_PORT` when there is none. */
  async acquire(): Promise<number> {
    for (let tried = 0; tried < sizeOf(this.#range); tried += 1) {
      const port = this.#advance();
      if (this.#isOurs(port)) continue;
      this.#inUse.add(port);
      if (!isListenedOn(port) && (await canBind(port))) {
        await this.#onChosen(port);
        return port;
      }
      this.#inUse.delete(port);
    }
    throw new HitlessError(
      "NO_FREE_PORT",
      `no port from ${this.#range.from} to ${this.#range.to} is free for a replica`,
      { next: "give replicas a wider range with HITLESS_PORTS=FROM-TO" },
    );
  }

  /** Keeps a port that an adopted replica holds from being chosen again. */
  claim(port: number): void {
    this.#inUse.add(port);
  }

  release(port: number): void {
    this.#inUse.delete(port);
  }

  /** Gives up a port that a stranger holds; it is not chosen again for ten minutes. */
  burn(port: number): void {
    this.#inUse.delete(port);
    this.#burnedUntil.set(port, performance.now() + burnMs);
  }

  #advance(): number {
    const port = this.#next;
    this.#next = port >= this.#range.to ? this.#range.from : port + 1;
    return port;
  }

  #isOurs(port: number): boolean {
    return this.#inUse.has(port) || (this.#burnedUntil.get(port) ?? 0) > performance.now();
  }
}

const burnMs = 600_000;
const lowest = 10_240;
const highest = 65_535;

function defaultRange(): PortRange {
  const text = readIfPresent("/proc/sys/net/ipv4/ip_local_port_range") ?? "49152 65535";
  const [low = 0, high = 0] = text.trim().split(/\s+/).map(Number);
  if (low - lowest >= 1000) return { from: lowest, to: low - 1 };
  if (highest - high >= 1000) return { from: high + 1, to: highest };
  // Somebody widened the ephemeral range to nearly everything: the bind test is all that is left.
  return { from: lowest, to: highest };
}

function sizeOf(range: PortRange): number {
  return range.to - range.from + 1;
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
