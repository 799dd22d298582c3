export { serveExpress } from "../../adapters/express.ts";
export { serveFastify } from "../../adapters/fastify.ts";
export { serveHono } from "../../adapters/hono.ts";
export { serveKoa } from "../../adapters/koa.ts";
export { serveNest } from "../../adapters/nest.ts";
export { serve } from "../../serve.ts";
