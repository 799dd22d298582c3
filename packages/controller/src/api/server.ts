import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type BusyPolicy,
  busyPolicies,
  HitlessError,
  intentKinds,
  type LogLine,
  longestHoldMs,
  type Origin,
  originShape,
} from "@hitless/core";

import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { originHeader } from "./ask-socket.ts";
import { ControlSocket, type ControlSocketOptions } from "./control-socket.ts";
import type { Operations } from "./operations.ts";
import { type StatusSource, statusOf } from "./status.ts";

/** The longest that a request for news is held, ms. */
const longestPollMs = 25_000;

const by = z.string().min(1).max(200);
const releaseBody = z.object({
  raw: z.unknown(),
  appDir: z.string(),
  appFile: z.string(),
  overrides: z.record(z.string(), z.string()),
  /** The overrides that `overrides` was made from. */
  overridesBefore: z.record(z.string(), z.string()),
  /** The number of replicas is the file's again, whatever `scale` said. */
  replicasFromFile: z.boolean().optional(),
  /** It waits for no release window. */
  anytime: z.boolean().optional(),
  cause: z.string().max(1000),
  by,
  busy: z.enum(busyPolicies),
});
const meantFor = z.object({
  release: z.int().nonnegative(),
  direction: z.enum(["forward", "back", "ended"]),
  waypoint: z.string().nullable(),
});
/** `rollback` and `replace` have requests of their own. */
const spoken = z.enum(intentKinds).exclude(["rollback", "replace"]);
const intentBody = z.object({ kind: spoken, by, meantFor, full: z.boolean().optional() });
const rollbackBody = z.object({ to: z.number().int().positive().nullable(), by, meantFor });
const byBody = z.object({ by });
const maintenanceBody = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("on"),
    holdMs: z.int().min(0).max(longestHoldMs),
    message: z.string().max(500),
    by,
  }),
  z.object({ kind: z.literal("off"), by }),
]);
const freezeBody = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("on"), reason: z.string().min(1).max(500), by }),
  z.object({ kind: z.literal("off"), by }),
]);
const scaleBody = z.object({ replicas: z.number().int().min(1).max(1000), by });

/** The body of `POST /release`. `raw` is the parsed app file with its overrides applied. */
export type ReleaseBody = z.infer<typeof releaseBody> & { readonly busy: BusyPolicy };

export interface ApiOptions extends StatusSource {
  readonly operations: Operations;
  /** The unix socket; made 0600. */
  readonly socket: ControlSocketOptions;
  /** Called by `POST /down`, after the answer. */
  down(): void;
}

/** Serves the control API on a unix socket of its owner. Resolves once it listens. */
export async function serveApi(options: ApiOptions): Promise<FastifyInstance> {
  // Only a controller serves: the commands that talk to one start faster without it.
  const { fastify } = await import("fastify");
  const server = fastify({ forceCloseConnections: true, bodyLimit: 4 << 20 });
  server.setErrorHandler(async (thrown, _request, reply) => {
    const error = failureOf(thrown);
    await reply.code(error.code === "INTERNAL" ? 500 : 409).send({ error });
  });
  server.setNotFoundHandler((request) => {
    throw new HitlessError("BAD_INPUT", `the controller knows no ${request.method} ${request.url}`);
  });
  readRoutes(server, options);
  changeRoutes(server, options);
  const socket = new ControlSocket(server.server, options.socket);
  server.addHook("preClose", () => socket.close());
  await server.ready();
  await socket.open();
  return server;
}

function readRoutes(server: FastifyInstance, options: ApiOptions): void {
  const { controller, store, engine } = options;
  server.get("/status", async (request) => {
    const { after, within } = parse(newsQuery, request.query);
    // A greater one was told by the controller before this one: all of this one is news.
    if (after === controller.version) await controller.changed(AbortSignal.timeout(within));
    return statusOf(options);
  });
  server.get("/history", () => store.history());
  server.get("/events", () => store.events());
  server.get("/audit", () => store.audit());
  server.get("/logs", async (request, reply) => {
    const query = parse(logQuery, request.query);
    const gone = new AbortController();
    reply.raw.on("close", () => gone.abort());
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "application/x-ndjson" });
    // Waits for a slow reader; when either side fails, the connection breaks and the client knows.
    await pipeline(Readable.from(rows(engine.logs(query, gone.signal))), reply.raw).catch(() => {});
  });
}

async function* rows(lines: AsyncIterable<LogLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}

const newsQuery = z.object({
  after: z.coerce.number().optional(),
  /** Answer by then at the latest, ms. */
  within: z.coerce.number().int().min(0).max(longestPollMs).default(longestPollMs),
});
const flag = z.enum(["true", "false"]).transform((v) => v === "true");
const logQuery = z.object({
  revision: z.coerce
    .number()
    .int()
    .optional()
    .transform((v) => v ?? null),
  replica: z
    .string()
    .optional()
    .transform((v) => v ?? null),
  since: z.coerce
    .number()
    .optional()
    .transform((v) => v ?? null),
  tail: z.coerce
    .number()
    .int()
    .optional()
    .transform((v) => v ?? null),
  follow: flag.optional().transform((v) => v ?? false),
});

function changeRoutes(server: FastifyInstance, { operations, down }: ApiOptions): void {
  const change = <T>(
    path: string,
    schema: z.ZodType<T>,
    work: (body: T, origin: Origin | null) => Promise<unknown>,
  ) => server.post(path, ({ body, headers }) => work(parse(schema, body), originOf(headers)));
  const { settings } = operations;
  change("/release", releaseBody, (body, origin) => operations.release(body, origin));
  change("/rollback", rollbackBody, (body, origin) => operations.rollback(body, origin));
  change("/restart", byBody, (body, origin) => operations.restart(body, origin));
  change("/scale", scaleBody, (body, origin) => settings.scale(body, origin));
  change("/maintenance", maintenanceBody, (body, origin) => settings.maintenance(body, origin));
  change("/freeze", freezeBody, (body, origin) => settings.freeze(body, origin));
  change("/intent", intentBody, (body, origin) => operations.intent(body, origin));
  server.post("/down", async ({ body, headers }, reply) => {
    const audited = await operations.down(parse(byBody, body), originOf(headers));
    // Answered, or nobody is there to hear it: it is said, and nothing else is accepted any more.
    if (reply.raw.destroyed) down();
    else reply.raw.once("close", down);
    return audited;
  });
}

/** Where the client says that its user is; null when it says nothing that can be understood. */
function originOf(headers: IncomingHttpHeaders): Origin | null {
  const said = headers[originHeader];
  if (typeof said !== "string") return null;
  try {
    return originShape
      .nullable()
      .catch(null)
      .parse(JSON.parse(decodeURIComponent(said)));
  } catch {
    // It is for the record only: no change is refused for it.
    return null;
  }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new HitlessError(
    "BAD_INPUT",
    `${first?.path.join(".") || "body"}: ${first?.message ?? "is wrong"}`,
  );
}

/** What Fastify refuses by itself (no JSON, too long) is the client's mistake. */
function failureOf(thrown: unknown): HitlessError {
  const error = HitlessError.from(thrown);
  if (error.code !== "INTERNAL" || !(thrown instanceof Error)) return error;
  const status = "statusCode" in thrown ? Number(thrown.statusCode) : 500;
  if (!(status >= 400 && status < 500)) return error;
  return new HitlessError("BAD_INPUT", thrown.message, { cause: thrown });
}
