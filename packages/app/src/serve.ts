import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { type AddressInfo, Server } from "node:net";
import type { ServeOptions } from "./options.ts";
import type { DrainReceipt } from "./receipt.ts";
import { ServedService } from "./served-service.ts";
import type { EventStream, EventStreamOptions } from "./streams/event-stream.ts";
import type { WebSocketServerLike } from "./streams/web-sockets.ts";

/** A server with probes, which knows how to end. */
export interface Service<S extends Server = Server> {
  /** For `new WebSocketServer({ server })` and the like. */
  readonly server: S;
  /** Aborted when the drain begins: for loops that shall take up nothing new. */
  readonly draining: AbortSignal;
  /** Listens, by default on `PORT` (8080) and `HOST` (all interfaces) of the environment. Rejects with the error of `listen`. */
  listen(options?: ListenOptions): Promise<AddressInfo>;
  /** Drains as a signal does, but the process goes on. Called again it returns the same receipt. */
  shutdown(): Promise<DrainReceipt>;
  /** Runs work that a drain has to wait for, such as a job from a queue. */
  work<T>(name: string, task: () => Promise<T>): Promise<T>;
  /** Answers with server-sent events that end well. */
  eventStream(
    response: ServerResponse | Http2ServerResponse,
    options?: EventStreamOptions,
  ): EventStream;
  /** Takes care of the connections of a `WebSocketServer` of the `ws` package. */
  webSockets(server: WebSocketServerLike): void;
}

export interface ListenOptions {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  /** Connections that may wait to be accepted. Default 4096. */
  readonly backlog?: number | undefined;
}

/** On the server itself: each part that is required by itself has a copy of this library. */
const served = Symbol.for("hitless app: served");

/**
 * Gives a server of node:http, node:https or node:http2 its probes and its end. Call it before `listen`, so that
 * no signal finds the process without a handler.
 *
 * @throws TypeError for what is no server, or has been served already, for an option that cannot be, or an environment variable of Hitless that is no number.
 */
export function serve<S extends Server>(server: S, options: ServeOptions = {}): Service<S> {
  return serveThrough(server, options);
}

/** The same, where a framework has its own way to `listen`. */
export function serveThrough<S extends Server>(
  server: S,
  options: ServeOptions,
  listen?: Service["listen"],
): Service<S> {
  if (!(server instanceof Server)) {
    throw new TypeError(
      "serve() needs a server, not an application: serve(http.createServer(app))",
    );
  }
  if (Reflect.has(server, served))
    throw new TypeError("serve() has been called with this server already");
  const service = new ServedService(server, options, listen);
  Object.defineProperty(server, served, { value: true });
  return service;
}
