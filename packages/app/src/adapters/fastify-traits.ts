import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import { longestMs } from "../keep-alive.ts";
import type { Place } from "../listen.ts";

/** What is used of an instance of fastify 5. */
export interface FastifyLike<S extends Server = Server> {
  readonly server: S;
  listen(place: Place): PromiseLike<unknown>;
  close(): PromiseLike<unknown>;
  addresses(): readonly unknown[];
  addHook(name: "onRequest", hook: RequestHook): unknown;
  addHook(name: "onListen", hook: (done: () => void) => void): unknown;
}

type RequestHook = (request: FastifyRequestLike, reply: unknown, done: () => void) => void;

interface FastifyRequestLike {
  readonly raw: object;
  readonly routeOptions: { readonly url?: string | undefined };
}

/** The pattern of a request's route, which fastify knows from the first hook on. */
export function namedByFastify(app: Pick<FastifyLike, "addHook">) {
  const patterns = new WeakMap<object, string | undefined>();
  app.addHook("onRequest", ({ raw, routeOptions }, _, done) => {
    patterns.set(raw, routeOptions.url);
    done();
  });
  return (request: IncomingMessage) => patterns.get(request);
}

const fastifysKeepAliveMs = 72_000;

/** The default of fastify is nobody's choice, and shorter than the patience of load balancers. */
export function keepAliveMs(server: Server): number | undefined {
  const isDefault = Reflect.get(server, "keepAliveTimeout") === fastifysKeepAliveMs;
  return isDefault ? longestMs : undefined;
}
