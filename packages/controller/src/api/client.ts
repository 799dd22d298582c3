import type { AppEvent, IntentKind, LogLine, LogQuery, ReleaseRecord } from "@hitless/core";
import { allErrorCodes, HitlessError } from "@hitless/core";
import { Agent, request } from "undici";
import { z } from "zod";
import type { Accepted } from "./operations.ts";
import type { ReleaseBody } from "./server.ts";
import type { StatusReport } from "./status.ts";

/** Nothing of the API takes longer than this but news and logs, ms. */
const answerWithinMs = 60_000;

const problem = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    next: z.string().optional(),
    path: z.array(z.union([z.string(), z.number()])).optional(),
  }),
});

/** Talks to a controller over its socket. Every call throws NO_CONTROLLER when nobody answers. */
export class ControllerClient {
  private readonly agent: Agent;

  constructor(socketPath: string) {
    this.agent = new Agent({
      connect: { socketPath, timeout: 2000 },
      headersTimeout: answerWithinMs,
    });
  }

  /** With `after`: waits until the status is newer than that version, or about 25 s. */
  status(after?: number, signal?: AbortSignal): Promise<StatusReport> {
    return this.get<StatusReport>(
      after === undefined ? "/status" : `/status?after=${after}`,
      signal,
    );
  }

  history(): Promise<readonly ReleaseRecord[]> {
    return this.get("/history");
  }

  events(): Promise<readonly AppEvent[]> {
    return this.get("/events");
  }

  release(body: ReleaseBody): Promise<Accepted> {
    return this.post("/release", body);
  }

  rollback(body: { readonly to: number | null; readonly by: string }): Promise<Accepted> {
    return this.post("/rollback", body);
  }

  restart(body: { readonly by: string }): Promise<Accepted> {
    return this.post("/restart", body);
  }

  scale(body: { readonly replicas: number; readonly by: string }): Promise<Accepted> {
    return this.post("/scale", body);
  }

  intent(body: { readonly kind: IntentKind; readonly by: string }): Promise<Accepted> {
    return this.post("/intent", body);
  }

  async down(): Promise<void> {
    await this.post("/down", {});
  }

  async *logs(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const given = Object.entries(query).filter(([, value]) => value !== null);
    const search = new URLSearchParams(Object.fromEntries(given.map(([k, v]) => [k, String(v)])));
    const options = { method: "GET", signal, bodyTimeout: 0 } as const;
    const { body, statusCode } = await this.call(`/logs?${search}`, options);
    if (statusCode >= 300) throw failureOf(await heard(body.json(), signal));
    const decoder = new TextDecoder();
    const pieces = body[Symbol.asyncIterator]();
    let rest = "";
    try {
      for (;;) {
        const { done, value } = await heard(pieces.next(), signal);
        if (done === true) return;
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield JSON.parse(line);
      }
    } finally {
      body.destroy();
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.json<T>(path, { method: "GET", ...(signal === undefined ? {} : { signal }) });
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    const headers = { "content-type": "application/json" };
    return this.json<T>(path, { method: "POST", body: JSON.stringify(body), headers });
  }

  private async json<T>(path: string, options: CallOptions): Promise<T> {
    const answer = await this.call(path, options);
    const value: unknown = await heard(answer.body.json(), options.signal);
    if (answer.statusCode < 300) return trusted<T>(value);
    throw failureOf(value);
  }

  private call(path: string, options: CallOptions) {
    const asked = request(`http://controller${path}`, { ...options, dispatcher: this.agent });
    return heard(asked, options.signal);
  }
}

interface CallOptions {
  readonly method: "GET" | "POST";
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly bodyTimeout?: number;
}

/** What the controller says, in whole or in part; one that ends meanwhile is NO_CONTROLLER. */
async function heard<T>(said: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await said;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw noController(cause);
  }
}

function noController(cause: unknown): HitlessError {
  return new HitlessError("NO_CONTROLLER", "no controller answers for this app", {
    cause,
    next: "Start one with `hitless up`.",
  });
}

function failureOf(value: unknown): HitlessError {
  const parsed = problem.safeParse(value);
  if (!parsed.success)
    return new HitlessError("INTERNAL", `the controller answered ${JSON.stringify(value)}`);
  const { code, message, next, path } = parsed.data.error;
  const known = allErrorCodes.find((c) => c === code) ?? "INTERNAL";
  return new HitlessError(known, message, {
    ...(next === undefined ? {} : { next }),
    ...(path === undefined ? {} : { path }),
  });
}

/** Answers of our own controller, over a socket that only its owner can open. */
function trusted<T>(value: unknown): T;
function trusted(value: unknown): unknown {
  return value;
}
