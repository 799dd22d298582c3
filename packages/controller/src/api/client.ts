import type {
  AppEvent,
  AuditLog,
  Happened,
  LogLine,
  LogQuery,
  Origin,
  ReleaseRecord,
} from "@hitless/core";
import { allErrorCodes, HitlessError } from "@hitless/core";
import { z } from "zod";
import type { Audited } from "../audit/audit-trail.ts";
import type { Accepted } from "./accepted.ts";
import { AnswerTimeout, askSocket, jsonOf } from "./ask-socket.ts";
import type { IntentBody, RollbackBody } from "./operations.ts";
import type { ReleaseBody } from "./server.ts";
import type { FreezeBody, MaintenanceBody, ScaleBody } from "./settings-operations.ts";
import type { StatusReport } from "./status.ts";

/** How long an answer may take, ms: one that only reads or notes, news, and one that copies a folder. */
const answerWithinMs = 10_000;
const newsWithinMs = 40_000;
const releaseWithinMs = 30 * 60_000;

const problem = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    next: z.string().optional(),
    path: z.array(z.union([z.string(), z.number()])).optional(),
    happened: z.unknown().optional(),
  }),
});

/** Talks to a controller over its socket. Every call throws NO_CONTROLLER when nobody answers. */
export class ControllerClient {
  private readonly socketPath: string;
  private readonly origin: Origin | null;
  /** Ends every call under way when the client is closed. */
  private readonly closing = new AbortController();

  /** `origin`: where the user of this client is, for the audit log; null: not said. */
  constructor(socketPath: string, origin: Origin | null = null) {
    this.socketPath = socketPath;
    this.origin = origin;
  }

  /** With `after`: waits until the status is newer than that version, or `within` ms (default: 25 s). */
  status(after?: number, signal?: AbortSignal, within?: number): Promise<StatusReport> {
    if (after === undefined) return this.get("/status", { signal });
    const most = within === undefined ? "" : `&within=${within}`;
    return this.get(`/status?after=${after}${most}`, { signal, withinMs: newsWithinMs });
  }

  history(): Promise<readonly ReleaseRecord[]> {
    return this.get("/history");
  }

  events(): Promise<readonly AppEvent[]> {
    return this.get("/events");
  }

  audit(): Promise<AuditLog> {
    return this.get("/audit");
  }

  release(body: ReleaseBody): Promise<Accepted> {
    return this.post("/release", body, releaseWithinMs);
  }

  rollback(body: RollbackBody): Promise<Accepted> {
    return this.post("/rollback", body);
  }

  restart(body: { readonly by: string }): Promise<Accepted> {
    return this.post("/restart", body);
  }

  scale(body: ScaleBody): Promise<Accepted> {
    return this.post("/scale", body);
  }

  maintenance(body: MaintenanceBody): Promise<Accepted> {
    return this.post("/maintenance", body);
  }

  freeze(body: FreezeBody): Promise<Accepted> {
    return this.post("/freeze", body);
  }

  intent(body: IntentBody): Promise<Accepted> {
    return this.post("/intent", body);
  }

  down(body: { readonly by: string }): Promise<Audited> {
    return this.post("/down", body);
  }

  async *logs(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const given = Object.entries(query).filter(([, value]) => value !== null);
    const search = new URLSearchParams(Object.fromEntries(given.map(([k, v]) => [k, String(v)])));
    const body = await this.call("GET", `/logs?${search}`, { signal });
    if (isRefusal(body)) throw failureOf(await heard(jsonOf(body), signal));
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
    this.closing.abort();
  }

  private get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.json<T>("GET", path, options);
  }

  private post<T>(path: string, body: unknown, withinMs = answerWithinMs): Promise<T> {
    return this.json<T>("POST", path, { body, withinMs });
  }

  private async json<T>(method: "GET" | "POST", path: string, options: CallOptions): Promise<T> {
    const answer = await this.call(method, path, options);
    const value = await heard(jsonOf(answer), options.signal);
    if (isRefusal(answer)) throw failureOf(value);
    return trusted<T>(value);
  }

  private call(method: "GET" | "POST", path: string, options: CallOptions) {
    const { socketPath, origin } = this;
    const { body, signal, withinMs = answerWithinMs } = options;
    const ends = [this.closing.signal, ...(signal === undefined ? [] : [signal])];
    const asked = { socketPath, origin, method, path, body, answerWithinMs: withinMs };
    return heard(askSocket({ ...asked, signal: AbortSignal.any(ends) }), signal);
  }
}

interface CallOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly withinMs?: number;
}

function isRefusal({ statusCode }: { readonly statusCode?: number | undefined }): boolean {
  return statusCode === undefined || statusCode >= 300;
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
  if (cause instanceof AnswerTimeout) {
    const message = `the controller has not answered for ${cause.waitedMs / 1000} s`;
    return new HitlessError("NO_CONTROLLER", message, {
      cause,
      next: "If it hangs, replace it: `hitless up --detach --take-over`.",
    });
  }
  return new HitlessError("NO_CONTROLLER", "no controller answers for this app", {
    cause,
    next: "Start one with `hitless up --detach`.",
  });
}

function failureOf(value: unknown): HitlessError {
  const parsed = problem.safeParse(value);
  if (!parsed.success)
    return new HitlessError("INTERNAL", `the controller answered ${JSON.stringify(value)}`);
  const { code, message, next, path, happened } = parsed.data.error;
  const known = allErrorCodes.find((c) => c === code) ?? "INTERNAL";
  return new HitlessError(known, message, {
    ...(next === undefined ? {} : { next }),
    ...(path === undefined ? {} : { path }),
    ...(happened === undefined ? {} : { happened: trusted<Happened>(happened) }),
  });
}

/** Answers of our own controller, over a socket that only its owner can open. */
function trusted<T>(value: unknown): T;
function trusted(value: unknown): unknown {
  return value;
}
