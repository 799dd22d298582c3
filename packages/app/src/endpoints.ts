import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { tellToLeave } from "./answer.ts";

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Pages = ReadonlyMap<string, () => Page | Promise<Page>>;

/** Answers GET and HEAD on the paths of the service's own pages, whatever the application has there. */
export class Endpoints {
  readonly #pages: Pages;
  readonly #isDraining: () => boolean;

  constructor(pages: Pages, isDraining: () => boolean) {
    this.#pages = pages;
    this.#isDraining = isDraining;
  }

  /** False: the path is not ours. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const page = this.#pageFor(request.method, request.url);
    if (page === undefined) return false;
    if (this.#isDraining()) tellToLeave(response);
    void shown(page).then(({ status, contentType, body }) => {
      const length = Buffer.byteLength(body);
      response.writeHead(status, { ...headersFor(contentType), "Content-Length": length });
      response.end(body);
    });
    return true;
  }

  /** The same on HTTP/2. */
  handleStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    const page = this.#pageFor(headers[":method"], headers[":path"]);
    if (page === undefined) return false;
    // The client may leave before the answer does.
    stream.on("error", () => {});
    void shown(page).then(({ status, contentType, body }) => {
      if (stream.destroyed) return;
      stream.respond({ ":status": status, ...headersFor(contentType) });
      stream.end(headers[":method"] === "HEAD" ? undefined : body);
    });
    return true;
  }

  #pageFor(method = "GET", url = "/"): (() => Page | Promise<Page>) | undefined {
    const page = this.#pages.get(url) ?? this.#pages.get(withoutQuery(url));
    return method === "GET" || method === "HEAD" ? page : undefined;
  }
}

/** `text/plain; version=0.0.4; charset=utf-8`, but nothing that no header may hold. */
const printable = /^[ -~]+$/;

async function shown(page: () => Page | Promise<Page>): Promise<Page> {
  try {
    const { status, contentType, body } = await page();
    if (printable.test(contentType)) return { status, contentType, body: String(body) };
    throw new TypeError(`the content type is ${JSON.stringify(contentType)}`);
  } catch (error) {
    return { status: 500, contentType: "text/plain", body: `${String(error)}\n` };
  }
}

function headersFor(contentType: string) {
  return { "Content-Type": contentType, "Cache-Control": "no-store" };
}

function withoutQuery(url: string): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}
