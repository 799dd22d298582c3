import type { Framing } from "./body-reader.ts";
import { HeaderFacts, headerValue, keptHeaders, scanHeaders } from "./header-scan.ts";
import type { Reason } from "./reasons.ts";

const maxTargetBytes = 8_192;
const requestLine = /^([A-Z][A-Z-]*) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const otherVersion = /^[^ ]+ [^ ]+ HTTP\/(?!1\.[01]$)\d+(?:\.\d+)?$/;
const absoluteForm = /^https?:\/\/([A-Za-z0-9\-._~%!$&'()*+;=:[\]]+)([/?].*)?$/i;

// The methods of Node's own parser, less CONNECT: what a replica would refuse is refused here.
const methods: ReadonlySet<string> = new Set(
  (
    "ACL BIND CHECKOUT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS " +
    "PATCH POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE"
  ).split(" "),
);
// RFC 9110 §9.2.2.
const idempotentMethods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
]);

/** One request head, checked, and the text to send to a replica in its place. */
export class RequestHead {
  readonly isHead: boolean;
  readonly idempotent: boolean;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: 0 | 1;
  readonly keepAlive: boolean;
  readonly framing: Framing;
  readonly contentLength: number;
  /** The protocol that the client asks to change to, or null. */
  readonly upgrade: string | null;
  /** The forwarded head without the `X-Forwarded-For` line and without the empty line. */
  readonly forwarded: string;
  readonly #text: string;
  readonly #headersAt: number;

  constructor(line: RequestLine, text: string, facts: HeaderFacts) {
    this.minor = line.minor;
    this.isHead = line.method === "HEAD";
    this.idempotent = idempotentMethods.has(line.method);
    this.keepAlive = !facts.close && (line.minor === 1 || facts.keepAlive);
    this.contentLength = Math.max(facts.contentLength, 0);
    this.framing = requestFraming(facts);
    this.upgrade = upgradeOf(this, facts);
    this.#text = text;
    this.#headersAt = line.headersAt;
    this.forwarded = forwardedHead(this, line, { text, facts });
  }

  /** The value of the first header of that name, or null. */
  header(name: string): string | null {
    return headerValue(this.#text, this.#headersAt, name);
  }

  /** The value of that cookie, as it came, or null. */
  cookie(name: string): string | null {
    const cookies = this.header("cookie");
    if (cookies === null) return null;
    for (const pair of cookies.split(";")) {
      const trimmed = pair.trimStart();
      if (trimmed.startsWith(`${name}=`)) return trimmed.slice(name.length + 1).trimEnd();
    }
    return null;
  }
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
  /** The authority of an absolute-form target; it replaces Host (RFC 9112 §3.2.2). */
  readonly authority: string | null;
  readonly minor: 0 | 1;
  readonly headersAt: number;
}

/** Parses `text`: the head up to and including the CRLF of its last line, without the empty line. */
export function parseRequestHead(text: string): RequestHead | Reason {
  const line = parseRequestLine(text);
  if (typeof line === "string") return line;
  const facts = new HeaderFacts();
  const refused = scanHeaders(text, line.headersAt, facts);
  if (refused !== null) return refused;
  if (facts.host === null && line.minor === 1) return "bad-host";
  // RFC 9112 §6.1: HTTP/1.0 knows no transfer codings, so its framing cannot be trusted.
  if (facts.chunked && line.minor === 0) return "bad-framing";
  return new RequestHead(line, text, facts);
}

function parseRequestLine(text: string): RequestLine | Reason {
  const end = text.indexOf("\r\n");
  const first = text.slice(0, end);
  const parts = requestLine.exec(first);
  if (parts === null) return otherVersion.test(first) ? "http-version" : "bad-request";
  const [, method = "", target = "", minor] = parts;
  if (target.length > maxTargetBytes) return "target-too-long";
  if (!methods.has(method)) return method === "CONNECT" ? "bad-target" : "unknown-method";
  const fixed = { method, minor: minor === "1" ? 1 : 0, headersAt: end + 2 } as const;
  const form = originForm(target, method);
  return form === null ? "bad-target" : { ...fixed, ...form };
}

/** The target as a path; an absolute URL is taken apart. Null for any other form. */
function originForm(
  target: string,
  method: string,
): Pick<RequestLine, "target" | "authority"> | null {
  if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) {
    return { target, authority: null };
  }
  const absolute = absoluteForm.exec(target);
  if (absolute === null) return null;
  const path = absolute[2] ?? (method === "OPTIONS" ? "*" : "/");
  return { target: path.startsWith("?") ? `/${path}` : path, authority: absolute[1] ?? null };
}

function requestFraming(facts: HeaderFacts): Framing {
  if (facts.chunked) return "chunked";
  return facts.contentLength > 0 ? "length" : "none";
}

function upgradeOf(head: RequestHead, facts: HeaderFacts): string | null {
  if (!facts.connectionUpgrade || facts.upgrade === null || head.minor === 0) return null;
  // A change of protocol after a body has no place in the stream; h2c would blind the proxy.
  if (head.framing !== "none" || /h2c/i.test(facts.upgrade)) return null;
  return facts.upgrade;
}

interface Source {
  readonly text: string;
  readonly facts: HeaderFacts;
}

function forwardedHead(head: RequestHead, line: RequestLine, { text, facts }: Source): string {
  const host = line.authority ?? facts.host;
  const replaceHost = line.authority !== null;
  const headers =
    facts.strip || replaceHost
      ? keptHeaders(text, line.headersAt, {
          nominated: facts.nominated,
          forwarded: true,
          host: replaceHost,
        })
      : text.slice(line.headersAt);
  return (
    `${line.method} ${line.target} HTTP/1.${line.minor}\r\n` +
    (replaceHost ? `Host: ${host}\r\n` : "") +
    headers +
    connectionLines(head) +
    (host === null ? "" : `X-Forwarded-Host: ${host}\r\n`)
  );
}

// HTTP/1.0 is forwarded as such: a replica must not answer it with chunks.
function connectionLines(head: RequestHead): string {
  if (head.upgrade !== null) return `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  if (head.minor === 1) return "";
  return head.keepAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
}
