import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { ServeOptions } from "../options.ts";
import { type Service, serve } from "../serve.ts";

/** What is used of an application of koa 2 or 3. */
export interface KoaLike {
  readonly middleware: { unshift(first: Middleware): unknown };
  callback(): RequestListener;
}

type Middleware = (context: KoaContextLike, next: () => Promise<unknown>) => Promise<unknown>;

interface KoaContextLike {
  readonly req: IncomingMessage;
  /** Where `@koa/router` notes the pattern. */
  readonly _matchedRoute?: unknown;
}

/** Serves an application of koa with node:http. Receipt and metrics name its routes as `@koa/router` does. */
export function serveKoa(app: KoaLike, options: ServeOptions = {}): Service<Server> {
  const contexts = new WeakMap<IncomingMessage, KoaContextLike>();
  app.middleware.unshift((context, next) => {
    contexts.set(context.req, context);
    return next();
  });
  const route = (request: IncomingMessage) => {
    const pattern = contexts.get(request)?._matchedRoute;
    return typeof pattern === "string" ? pattern : undefined;
  };
  return serve(createServer(app.callback()), { route, ...options });
}
