import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { messageOf } from "@hitless/core";

const host = "127.0.0.1";
const plainText = "text/plain; charset=utf-8";
/** Scrapers come one at a time; more than these are refused. */
const mostConnections = 32;

/** What is served at one path. */
export interface Page {
  readonly contentType: string;
  /** Reads it, at the moment when it is asked for. */
  read(): Promise<string>;
}

export interface MetricsEndpointOptions {
  /** By path: `/metrics`. */
  readonly pages: ReadonlyMap<string, Page>;
  /** A sentence for `hitless events`. */
  event(text: string): void;
}

/** Pages for Prometheus on a loopback port that may be taken by somebody else, and may move. */
export class MetricsEndpoint {
  readonly #options: MetricsEndpointOptions;
  #server: Server | null = null;
  #port: number | null = null;
  #told = "";

  constructor(options: MetricsEndpointOptions) {
    this.#options = options;
  }

  /**
   * Listens there, and nowhere else; null: nowhere. False when it could not: the events say so, once,
   * and it is to be called again.
   */
  async moveTo(port: number | null): Promise<boolean> {
    if (port === this.#port) return true;
    await this.close();
    if (port === null) return true;
    const server = createServer((request, response) => void this.#answer(request, response));
    server.maxConnections = mostConnections;
    try {
      server.listen(port, host);
      await once(server, "listening");
    } catch (thrown) {
      this.#tell(
        `metrics cannot be served on ${host}:${port}: ${messageOf(thrown)}; it is tried again`,
      );
      return false;
    }
    // A connection that cannot be accepted is the scraper's to try again.
    server.on("error", () => undefined);
    this.#server = server;
    this.#port = port;
    this.#tell(`metrics are served on http://${host}:${port}/metrics`);
    return true;
  }

  /** Resolves when nobody is served any more. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#port = null;
    if (server === null) return;
    await new Promise<void>((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  }

  #tell(text: string): void {
    if (text !== this.#told) this.#options.event(text);
    this.#told = text;
  }

  async #answer({ method, url = "" }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pages } = this.#options;
    const [path = ""] = url.split("?", 1);
    const page = pages.get(path);
    if (page === undefined) return refuse(response, 404, `see ${[...pages.keys()].join(", ")}`);
    if (method !== "GET" && method !== "HEAD") return refuse(response, 405, "GET it");
    try {
      const text = await page.read();
      response.writeHead(200, { "content-type": page.contentType }).end(text);
    } catch (thrown) {
      refuse(response, 500, `${path} cannot be read: ${messageOf(thrown)}`);
    }
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "content-type": plainText }).end(`${why}\n`);
}
