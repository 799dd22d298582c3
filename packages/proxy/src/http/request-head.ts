import type { Framing } from "./body-reader.ts";
import { headerValue, insertRange, textWithout } from "./header-lines.ts";
import { HeaderFacts } from "./header-scan.ts";
import type { Reason } from "./reasons.ts";

const maxTargetBytes = 8_192;
const targetBytes = /[\x21-\x7e]+ /y;
const requestLine = /^[A-Z][A-Z-]* [\x21-\x7e]+ HTTP\/1\.[01]$/;
const otherVersion = /^[^ ]+ [^ ]+ HTTP\/(?!1\.[01]$)\d+(?:\.\d+)?$/;
const absoluteForm = /^https?:\/\/([A-Za-z0-9\-._~%!$&'()*+;=:[\]]+)([/?].*)?$/i;
const versionBytes = 8;

// The methods of Node's own parser, less CONNECT: what a replica would refuse is refused here.
const methods: ReadonlySet<string> = new Set(
  (
    "ACL BIND CHECKOUT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS " +
    "PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE"
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
  readonly method: string;
  readonly isHead: boolean;
  readonly idempotent: boolean;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: 0 | 1;
  readonly keepAlive: boolean;
  readonly framing: Framing;
  readonly contentLength: number;
  /** The protocol that the client asks to change to, or null. */
  readonly upgrade: string | null;
  /** What it is addressed to; null where HTTP/1.0 says nothing. */
  readonly host: string | null;
  /** What it says of who asked, as `HeaderFacts` has it; none of it is in `forwarded`. */
  readonly said: readonly string[] | null;
  /** The forwarded head without the lines that say who asked, and without the empty line. */
  readonly forwarded: string;
  readonly #text: string;
  readonly #headersAt: number;

  constructor(line: RequestLine, text: string, facts: HeaderFacts) {
    this.method = line.method;
    this.minor = line.minor;
    this.isHead = line.method === "HEAD";
    this.idempotent = idempotentMethods.has(line.method);
    this.keepAlive = !facts.close && (line.minor === 1 || facts.keepAlive);
    this.contentLength = Math.max(facts.contentLength, 0);
    this.framing = requestFraming(facts);
    this.upgrade = facts.upgrade === null ? null : upgradeOf(this, facts);
    this.host = line.absolute?.authority ?? facts.host;
    this.said = facts.said;
    this.#text = text;
    this.#headersAt = line.headersAt;
    this.forwarded = forwardedHead(this, line, { text, facts });
  }

  /** The request target as it came. */
  get target(): string {
    return this.#text.slice(this.method.length + 1, this.#headersAt - versionBytes - 3);
  }

  /** The value of the first header of that name, or null. */
  header(name: string): string | null {
    return headerValue(this.#text, this.#headersAt, name);
  }

  /** The decoded value of the first parameter of that name in the query (WHATWG URL §5.1), or null. */
  query(name: string): string | null {
    const { target } = this;
    const from = target.indexOf("?");
    if (from < 0) return null;
    const to = target.indexOf("#");
    return new URLSearchParams(target.slice(from, to < 0 ? undefined : to)).get(name);
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
  /** Set where the target is an absolute URL. */
  readonly absolute: AbsoluteTarget | null;
  readonly minor: 0 | 1;
  readonly headersAt: number;
}

interface AbsoluteTarget {
  /** Path and query, or `*`. */
  readonly path: string;
  /** Replaces Host (RFC 9112 §3.2.2). */
  readonly authority: string;
}

/** Parses `text`: the head up to and including the CRLF of its last line, without the empty line. */
export function parseRequestHead(text: string): RequestHead | Reason {
  const line = parseRequestLine(text);
  if (typeof line === "string") return line;
  const facts = new HeaderFacts("request");
  const refused = facts.scan(text, line.headersAt);
  if (refused !== null) return refused;
  if (facts.host === null && line.minor === 1) return "bad-host";
  // RFC 9112 §6.1: HTTP/1.0 knows no transfer codings, so its framing cannot be trusted.
  if (facts.chunked && line.minor === 0) return "bad-framing";
  return new RequestHead(line, text, facts);
}

function parseRequestLine(text: string): RequestLine | Reason {
  const end = text.indexOf("\r\n");
  const methodEnd = text.indexOf(" ");
  const method = text.slice(0, Math.max(methodEnd, 0));
  targetBytes.lastIndex = methodEnd + 1;
  const wellFormed =
    methods.has(method) &&
    targetBytes.test(text) &&
    targetBytes.lastIndex === end - versionBytes &&
    text.startsWith("HTTP/1.", end - versionBytes);
  const minor = text.charCodeAt(end - 1) - 48;
  if (!wellFormed || (minor !== 0 && minor !== 1)) return refusalOf(text.slice(0, end));
  if (end - versionBytes - methodEnd - 2 > maxTargetBytes) return "target-too-long";
  const line = { method, absolute: null, minor, headersAt: end + 2 } as const;
  if (text.charCodeAt(methodEnd + 1) === slash) return line;
  const target = text.slice(methodEnd + 1, end - versionBytes - 1);
  if (target === "*" && method === "OPTIONS") return line;
  const absolute = absoluteTarget(target, method);
  return absolute === null ? "bad-target" : { ...line, absolute };
}

const slash = 47;

function refusalOf(line: string): Reason {
  if (!requestLine.test(line)) return otherVersion.test(line) ? "http-version" : "bad-request";
  const [method, target = ""] = line.split(" ");
  if (target.length > maxTargetBytes) return "target-too-long";
  return method === "CONNECT" ? "bad-target" : "unknown-method";
}

function absoluteTarget(target: string, method: string): AbsoluteTarget | null {
  const parts = absoluteForm.exec(target);
  if (parts === null) return null;
  const path = parts[2] ?? (method === "OPTIONS" ? "*" : "/");
  return { path: path.startsWith("?") ? `/${path}` : path, authority: parts[1] ?? "" };
}

function requestFraming(facts: HeaderFacts): Framing {
  if (facts.chunked) return "chunked";
  return facts.contentLength > 0 ? "length" : "none";
}

function upgradeOf(head: RequestHead, facts: HeaderFacts): string | null {
  if (!facts.connectionUpgrade || facts.upgrade === null || head.minor === 0) return null;
  // A change of protocol after a body has no place in the stream; h2c would blind the proxy.
  if (head.framing !== "none" || /h2c|^[\s,]*$/i.test(facts.upgrade)) return null;
  return facts.upgrade;
}

interface Source {
  readonly text: string;
  readonly facts: HeaderFacts;
}

function forwardedHead(head: RequestHead, line: RequestLine, { text, facts }: Source): string {
  if (line.absolute !== null) return rewrittenHead(head, line.absolute, { text, facts });
  const connection = connectionLines(head);
  const dropped = connection === "" ? facts.dropped : facts.droppedForOurs;
  const lines = dropped === null ? text : textWithout(text, 0, dropped);
  return lines + connection;
}

function rewrittenHead(
  head: RequestHead,
  { path, authority }: AbsoluteTarget,
  { text, facts }: Source,
): string {
  let dropped = facts.droppedForOurs;
  const headersAt = text.indexOf("\r\n") + 2;
  for (let at = headersAt; at < text.length; ) {
    const next = text.indexOf("\r\n", at) + 2;
    if (/^host:/i.test(text.slice(at, at + 5))) dropped = insertRange(dropped, at, next);
    at = next;
  }
  return (
    `${head.method} ${path} HTTP/1.${head.minor}\r\nHost: ${authority}\r\n` +
    textWithout(text, headersAt, dropped) +
    connectionLines(head)
  );
}

// HTTP/1.0 is forwarded as such: a replica must not answer it with chunks.
function connectionLines(head: RequestHead): string {
  if (head.upgrade !== null) return `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  if (head.minor === 1) return "";
  return head.keepAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
}
