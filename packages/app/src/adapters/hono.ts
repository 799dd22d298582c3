import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import type { ServeOptions } from "../options.ts";
import { type Service, serve } from "../serve.ts";

/** What is used of an application of hono 4. */
export interface HonoLike {
  readonly router: {
    match(
      method: string,
      path: string,
    ): readonly [readonly (readonly [Handled, unknown])[], ...unknown[]];
  };
}

type Handled = readonly [
  handler: unknown,
  route: { readonly method: string; readonly path: string },
];

/**
 * Serves an application of hono with the server that `createAdaptorServer` of `@hono/node-server` made for it:
 * `serveHono(app, createAdaptorServer(app))`. Receipt and metrics name its routes.
 */
export function serveHono<S extends Server>(
  app: HonoLike,
  server: S,
  options: ServeOptions = {},
): Service<S> {
  const route = ({ method = "GET", url = "/" }: IncomingMessage) => {
    const [matched] = app.router.match(method, new URL(url, "http://host").pathname);
    const routes = matched.map(([[, each]]) => each);
    // Middleware is there for all methods; it has matched, too.
    return (routes.find((each) => each.method !== "ALL") ?? routes.at(-1))?.path;
  };
  return serve(server, { route, ...options });
}
