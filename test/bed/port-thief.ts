import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import type { AppBed } from "./app-bed.ts";
import { endWhenInterrupted } from "./interruption.ts";

/** Whom the thief robs, and how. */
export interface Theft {
  /** Ports of this revision's replicas are taken. */
  readonly revision: number;
  /** Takes so many and then no more. */
  readonly most: number;
  /** The address that the thief listens on; `shared`: on 127.0.0.1 with SO_REUSEPORT. */
  readonly on: "127.0.0.1" | "0.0.0.0" | "shared";
}

/** What the thief answers in place of the app, to everything and with 200. */
export const strangerVersion = "stranger";

const lookEveryMs = 2;
const sharingServer = join(import.meta.dirname, "apps/late-listener/sharing.py");

interface NamedPorts {
  readonly value: {
    readonly replicas: readonly { readonly revision: number; readonly port: number | null }[];
  };
}

/**
 * A stranger that takes the port of a replica as soon as the engine's state names it, and passes
 * for a healthy app there. The apps of `late-listener` let it win every time.
 */
export class PortThief implements AsyncDisposable {
  /** Stolen port → pid of the process that holds it. */
  readonly holders = new Map<number, number>();
  readonly #theft: Theft;
  readonly #stateFile: string;
  readonly #timer: NodeJS.Timeout;
  readonly #servers: Server[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #tried = new Set<number>();
  readonly #forget = endWhenInterrupted("a thief of ports", () => this[Symbol.asyncDispose]());

  constructor(bed: AppBed, theft: Theft) {
    this.#theft = theft;
    this.#stateFile = join(bed.dir, ".hitless/engine.json");
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(this.#servers.splice(0).map((server) => once(server.close(), "close")));
    const running = this.#children.filter((c) => c.exitCode === null && c.signalCode === null);
    const ends = running.map((child) => once(child, "exit"));
    for (const child of running) child.kill("SIGKILL");
    await Promise.all(ends);
    this.#forget();
  }

  #look(): void {
    const state: NamedPorts = JSON.parse(readFileSync(this.#stateFile, "utf8"));
    for (const { revision, port } of state.value.replicas) {
      if (revision !== this.#theft.revision || port === null || this.#tried.has(port)) continue;
      if (this.#tried.size >= this.#theft.most) return;
      this.#tried.add(port);
      if (this.#theft.on === "shared") this.#share(port);
      else this.#take(port, this.#theft.on);
    }
  }

  #take(port: number, host: string): void {
    const body = JSON.stringify({ version: strangerVersion, pid: process.pid });
    const server = createServer((_request, response) => response.end(body));
    server.listen({ port, host }, () => this.holders.set(port, process.pid));
    this.#servers.push(server);
  }

  #share(port: number): void {
    const env = { ...process.env, PORT: String(port), WHO: strangerVersion };
    const child = spawn("python3", [sharingServer], { env, stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.once("data", () => this.holders.set(port, child.pid ?? -1));
    this.#children.push(child);
  }
}
