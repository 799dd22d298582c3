import type { Framing } from "./body-reader.ts";
import { HeaderFacts, keptHeaders, scanHeaders } from "./header-scan.ts";

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** One response head, checked as strictly as a request's. */
export interface ResponseHead {
  readonly status: number;
  readonly framing: Framing;
  readonly contentLength: number;
  /** The replica will take another request on this connection. */
  readonly keepAlive: boolean;
  /** `Keep-Alive: timeout=` in seconds; -1 when it said nothing. */
  readonly keepAliveSeconds: number;
  /** The head to send to the client, without a `Connection` line and without the empty line. */
  readonly forwarded: string;
}

/** Parses `text`: a head up to and including the CRLF of its last line. Null: not acceptable. */
export function parseResponseHead(text: string, requestIsHead: boolean): ResponseHead | null {
  const end = text.indexOf("\r\n");
  const parts = statusLine.exec(text.slice(0, end));
  if (parts === null) return null;
  const facts = new HeaderFacts();
  if (scanHeaders(text, end + 2, facts) !== null) return null;
  const minor = parts[1] === "1" ? 1 : 0;
  if (facts.chunked && minor === 0) return null;
  const status = Number(parts[2]);
  const framing = requestIsHead || hasNoBody(status) ? "none" : responseFraming(facts);
  return {
    status,
    framing,
    contentLength: Math.max(facts.contentLength, 0),
    keepAlive: framing !== "eof" && !facts.close && (minor === 1 || facts.keepAlive),
    keepAliveSeconds: facts.keepAliveSeconds,
    forwarded: `HTTP/1.1${text.slice(8, end + 2)}${forwardedHeaders(text, end + 2, facts)}`,
  };
}

function hasNoBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

function responseFraming(facts: HeaderFacts): Framing {
  if (facts.chunked) return "chunked";
  return facts.contentLength >= 0 ? "length" : "eof";
}

function forwardedHeaders(text: string, from: number, facts: HeaderFacts): string {
  if (!facts.strip) return text.slice(from);
  return keptHeaders(text, from, { nominated: facts.nominated, forwarded: false, host: false });
}
