import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { serveExpress } from "../../adapters/express.ts";
import type { serveFastify } from "../../adapters/fastify.ts";
import type { serveHono } from "../../adapters/hono.ts";
import type { serveKoa } from "../../adapters/koa.ts";
import type { serveNest } from "../../adapters/nest.ts";
import type { serve } from "../../serve.ts";

/** What is held to the clauses: `@hitless/app` with its adapters. */
export interface Kit {
  readonly serve: typeof serve;
  readonly serveExpress: typeof serveExpress;
  readonly serveFastify: typeof serveFastify;
  readonly serveKoa: typeof serveKoa;
  readonly serveHono: typeof serveHono;
  readonly serveNest: typeof serveNest;
}

const functions = [
  "serve",
  "serveExpress",
  "serveFastify",
  "serveKoa",
  "serveHono",
  "serveNest",
] as const;

/**
 * Loads a module, by its path, that exports all of it: of ES modules, or of what `require` returned.
 *
 * @throws Error when something of it is missing.
 */
export async function loadKit(path: string): Promise<Kit> {
  const loaded: { readonly default?: object } = await import(pathToFileURL(resolve(path)).href);
  const kit: object = { ...loaded.default, ...loaded };
  if (isKit(kit)) return kit;
  throw new Error(`${path} exports only ${Object.keys(kit).join(", ")}`);
}

function isKit(value: object): value is Kit {
  return functions.every((name) => typeof Reflect.get(value, name) === "function");
}
