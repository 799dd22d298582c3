import { createRequire } from "node:module";
import { join } from "node:path";
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

const paths = ["", "/express", "/fastify", "/koa", "/hono", "/nest"];
const functions = [
  "serve",
  "serveExpress",
  "serveFastify",
  "serveKoa",
  "serveHono",
  "serveNest",
] as const;

export interface KitPlace {
  /** The folder it is installed in; null: the one that this file belongs to. */
  readonly folder: string | null;
  /** Takes it by `require` instead of `import`. */
  readonly isRequired: boolean;
}

/** @throws Error when it is not there, or not all of it. */
export async function loadKit({ folder, isRequired }: KitPlace): Promise<Kit> {
  const require = createRequire(folder === null ? import.meta.url : join(folder, "any.js"));
  const load = (specifier: string): unknown => {
    const path = require.resolve(specifier);
    return isRequired ? require(path) : import(pathToFileURL(path).href);
  };
  const parts = await Promise.all(paths.map((path) => load(`@hitless/app${path}`)));
  const kit: object = Object.assign({}, ...parts);
  if (isKit(kit)) return kit;
  throw new Error(`of @hitless/app there is only ${Object.keys(kit).join(", ")}`);
}

function isKit(value: object): value is Kit {
  return functions.every((name) => typeof Reflect.get(value, name) === "function");
}
