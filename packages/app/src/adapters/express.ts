import { createServer, type RequestListener, type Server } from "node:http";
import type { ServeOptions } from "../options.ts";
import { type Service, serve } from "../serve.ts";

/**
 * Serves an application of express 4 or 5 with node:http. For another server, or one that `app.listen` has made,
 * call `serve` with that.
 */
export function serveExpress(app: RequestListener, options: ServeOptions = {}): Service<Server> {
  return serve(createServer(app), options);
}
