import type { Server } from "node:net";
import { jsonLines } from "../log.ts";
import { type Service, serveThrough } from "../serve.ts";
import { type FastifyLike, keepAliveMs, namedByFastify } from "./fastify-traits.ts";
import { endingWith, type FrameworkOptions } from "./framework-options.ts";
import { listenThrough } from "./listen-through.ts";

export type { FastifyLike, FrameworkOptions };

const severalAddresses =
  "fastify listens on several addresses, and only the first has probes and a drain: " +
  "call service.listen() instead of app.listen(), or name one host";

/**
 * Serves an instance of fastify 5. `service.listen()` waits for its plugins; `app.close()`, with the `onClose` hooks,
 * runs behind the last answer: nobody gets the 503 that fastify answers while it closes. Call it before plugins
 * and routes are registered: then receipt and metrics name them.
 */
export function serveFastify<S extends Server>(
  app: FastifyLike<S>,
  options: FrameworkOptions = {},
): Service<S> {
  const { server } = app;
  const { logger = jsonLines } = options;
  app.addHook("onListen", (done) => {
    const addresses = app.addresses();
    // Fastify answers on all but the first with servers of its own, which it shows nobody.
    if (addresses.length > 1) logger?.warn({ addresses }, severalAddresses);
    done();
  });
  const own = { keepAliveTimeoutMs: keepAliveMs(server), route: namedByFastify(app) };
  const ending = endingWith(options, { name: "fastify", run: () => app.close() });
  return serveThrough(server, { ...own, ...ending }, (where = {}) =>
    listenThrough(server, where, (place) => app.listen(place)),
  );
}
