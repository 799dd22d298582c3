import type { EventEmitter } from "node:events";
import type { Server } from "node:net";
import type { Place } from "../listen.ts";
import type { RouteOf } from "../route-of.ts";
import { type Service, serveThrough } from "../serve.ts";
import { type FastifyLike, keepAliveMs, namedByFastify } from "./fastify-traits.ts";
import { endingWith, type FrameworkOptions } from "./framework-options.ts";
import { listenThrough } from "./listen-through.ts";

export type { FrameworkOptions };

/** What is used of an application of NestJS 11. */
export interface NestLike<S extends Server = Server> {
  getHttpServer(): S;
  getHttpAdapter(): { getType(): string; getInstance(): unknown };
  listen(port: number, host: string): PromiseLike<unknown>;
  close(): PromiseLike<unknown>;
}

/**
 * Serves an application of NestJS 11, on express or fastify. `service.listen()` runs its `init`; `app.close()`, with
 * `onModuleDestroy` and the hooks after it, runs behind the last answer. `enableShutdownHooks` would run them
 * at the signal, under the requests in flight: here it does nothing.
 */
export function serveNest<S extends Server>(
  app: NestLike<S>,
  options: FrameworkOptions = {},
): Service<S> {
  disableShutdownHooks(app);
  const server = app.getHttpServer();
  const own = { keepAliveTimeoutMs: keepAliveMs(server), route: routeNames(app) };
  const ending = endingWith(options, { name: "nest", run: () => app.close() });
  return serveThrough(server, { ...own, ...ending }, (where = {}) =>
    listenThrough(server, where, (place) => listenAt(app, place)),
  );
}

/** As one object both adapters hand it on as it is, with the backlog, which has no argument of its own. */
async function listenAt(app: NestLike, place: Place): Promise<void> {
  await Reflect.apply(app.listen, app, [place]);
}

/** On express the core finds the names by itself. */
function routeNames(app: NestLike): RouteOf | undefined {
  const instance = app.getHttpAdapter().getInstance();
  return isFastify(app, instance) ? namedByFastify(instance) : undefined;
}

function isFastify(app: NestLike, instance: unknown): instance is FastifyLike {
  return instance !== null && app.getHttpAdapter().getType() === "fastify";
}

/** Also when it was called already: what it left on the process is taken off. */
function disableShutdownHooks(app: NestLike): void {
  // Read past the proxy that Nest puts around an application, which wraps what is called.
  const cleanup = Object.getOwnPropertyDescriptor(app, "shutdownCleanupRef")?.value;
  const signals: EventEmitter = process;
  if (isListener(cleanup)) for (const name of signals.eventNames()) signals.off(name, cleanup);
  Object.defineProperty(app, "enableShutdownHooks", { value: () => app, configurable: true });
}

function isListener(value: unknown): value is () => void {
  return typeof value === "function";
}
