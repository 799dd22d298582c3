import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { CheckView } from "./checks/check.ts";
import type { ProbePaths } from "./options.ts";

/** What the probes are answered from: state that is at hand, never something to wait for. */
export interface Health {
  /** Startup tasks that are not over. */
  waitingFor(): readonly string[];
  checks(): readonly CheckView[];
  isDraining(): boolean;
}

export interface ProbeSettings {
  readonly paths: ProbePaths;
  readonly notReadyStatus: number;
  readonly details: boolean;
  /** `/ready` stays 200 while draining. */
  readonly holds: boolean;
}

interface ProbeAnswer {
  readonly status: number;
  readonly body: object;
}

/** The three endpoints. Answers GET and HEAD on their paths, whatever the application has there. */
export class Probes {
  readonly #answers: ReadonlyMap<string, () => ProbeAnswer>;
  readonly #health: Health;
  readonly #settings: ProbeSettings;

  constructor(health: Health, settings: ProbeSettings) {
    this.#health = health;
    this.#settings = settings;
    this.#answers = new Map([
      [settings.paths.startup, () => this.#startup()],
      [settings.paths.health, () => ({ status: 200, body: { status: "alive" } })],
      [settings.paths.ready, () => this.#ready()],
    ]);
  }

  /** Answers if it is a probe. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const answer = this.#answerTo(request.method, request.url);
    if (answer === undefined) return false;
    const text = JSON.stringify(answer.body);
    if (this.#health.isDraining()) response.setHeader("Connection", "close");
    response.writeHead(answer.status, {
      ...contentHeaders,
      "Content-Length": Buffer.byteLength(text),
    });
    response.end(text);
    return true;
  }

  /** The same on HTTP/2. */
  handleStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    const answer = this.#answerTo(headers[":method"], headers[":path"]);
    if (answer === undefined) return false;
    // The client may be gone already.
    stream.on("error", () => {});
    stream.respond({ ":status": answer.status, ...contentHeaders });
    stream.end(headers[":method"] === "HEAD" ? undefined : JSON.stringify(answer.body));
    return true;
  }

  #answerTo(method = "GET", url = "/"): ProbeAnswer | undefined {
    const answer = this.#answers.get(url) ?? this.#answers.get(withoutQuery(url));
    return answer !== undefined && (method === "GET" || method === "HEAD") ? answer() : undefined;
  }

  #startup(): ProbeAnswer {
    const waitingFor = this.#health.waitingFor();
    return waitingFor.length === 0
      ? { status: 200, body: { status: "started" } }
      : { status: this.#settings.notReadyStatus, body: { status: "starting", waitingFor } };
  }

  #ready(): ProbeAnswer {
    const waitingFor = this.#health.waitingFor();
    const checks = this.#health.checks();
    const failing = checks
      .filter(({ critical, status }) => critical && status !== "passing")
      .map(({ name }) => name);
    const draining = this.#health.isDraining();
    const ready =
      waitingFor.length === 0 && failing.length === 0 && (!draining || this.#settings.holds);
    const status = draining
      ? "draining"
      : waitingFor.length > 0
        ? "starting"
        : failing.length > 0
          ? "failing"
          : "ready";
    return {
      status: ready ? 200 : this.#settings.notReadyStatus,
      body: {
        status,
        ...(waitingFor.length > 0 ? { waitingFor } : {}),
        ...(failing.length > 0 ? { failing } : {}),
        checks: Object.fromEntries(checks.map((check) => [check.name, this.#shown(check)])),
      },
    };
  }

  #shown({ name: _, error, ...view }: CheckView): object {
    return this.#settings.details && error !== null ? { ...view, error } : view;
  }
}

const contentHeaders = { "Content-Type": "application/json", "Cache-Control": "no-store" };

function withoutQuery(url: string): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}
