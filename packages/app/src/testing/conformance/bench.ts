import type { Socket } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import type { FrameworkOptions } from "../../adapters/framework-options.ts";
import type { DrainReceipt } from "../../receipt.ts";
import type { Service } from "../../serve.ts";
import { type Answered, ask, type Connection, type Target } from "./clients/connection.ts";
import { openHttp1, openSocket } from "./clients/http1.ts";
import { openHttp2 } from "./clients/http2.ts";
import type { Kit } from "./kit.ts";
import { Scene } from "./scene.ts";
import type { Subject } from "./subject.ts";

/** Long enough for a machine that does a lot else: a drain that ran into it was held up. */
export const budgetMs = 10_000;

const drain = { delayMs: 0, timeoutMs: budgetMs, lingerMs: 50 };

/** A subject that runs, with a client's means to see what it does. */
export class Bench {
  readonly subject: Subject;
  readonly scene: Scene;
  readonly service: Service;
  readonly #target: Target;
  readonly #connections: { close(): void }[] = [];

  private constructor(subject: Subject, scene: Scene, service: Service) {
    const address = service.server.address();
    if (typeof address !== "object" || address === null) throw new Error("it listens on no port");
    this.subject = subject;
    this.scene = scene;
    this.service = service;
    this.#target = { port: address.port, protocol: subject.protocol, isTls: subject.isTls };
  }

  static async open(kit: Kit, subject: Subject, setting: Setting): Promise<Bench> {
    const { listensFirst = false } = setting;
    const log: string[] = [];
    const given = setting.options?.(log) ?? {};
    const quiet = { logger: null, signals: [], exit: false, drainOnCrash: false };
    const all = { ...quiet, ...given, drain: { ...drain, ...given.drain } };
    const scene = new Scene({ kit, options: all, log, listensFirst });
    scene.service = await subject.open(scene);
    return new Bench(subject, scene, scene.service);
  }

  async connect(): Promise<Connection> {
    const open = this.#target.protocol === "http2" ? openHttp2 : openHttp1;
    return this.#noted(await open(this.#target));
  }

  /** A connection on which nobody speaks HTTP yet. */
  async openSocket(): Promise<Socket> {
    const socket = await openSocket({ ...this.#target, isTls: false });
    // Reads what comes: else it would not see the end.
    socket.resume();
    this.#noted({ close: () => socket.destroy() });
    return socket;
  }

  /** On a connection of its own. */
  async get(path: string): Promise<Answered> {
    const connection = await this.connect();
    try {
      return await ask(connection, path);
    } finally {
      connection.close();
    }
  }

  async status(path: string): Promise<number> {
    return (await this.get(path)).status;
  }

  /** Resolves when nobody listens any more. */
  async refused(): Promise<void> {
    while (this.service.server.listening) await after(2);
  }

  /** Begins a drain, and resolves when it has begun. */
  shutdown(): Promise<DrainReceipt> {
    return this.service.shutdown();
  }

  get webSocketUrl(): string {
    return `${this.#target.isTls ? "wss" : "ws"}://127.0.0.1:${this.#target.port}/`;
  }

  async close(): Promise<void> {
    this.scene.released.give();
    for (const each of this.#connections) each.close();
    await this.shutdown();
  }

  #noted<T extends { close(): void }>(opened: T): T {
    this.#connections.push(opened);
    return opened;
  }
}

/** How a clause wants its subject. */
export interface Setting {
  /** What it says goes into the log of the scene. */
  readonly options?: (log: string[]) => FrameworkOptions;
  readonly listensFirst?: boolean;
}
