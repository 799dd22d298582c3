import type { Reason } from "./reasons.ts";

/** Heads longer than this are refused (431 for requests, 502 for responses). Bytes. */
export const maxHeadBytes = 16_384;
/** More header lines than this are refused. */
const maxHeaders = 100;

/** What the header lines say about framing, persistence and forwarding. */
export class HeaderFacts {
  /** -1 when there is none. */
  contentLength = -1;
  chunked = false;
  close = false;
  keepAlive = false;
  /** `Connection: upgrade` was said. */
  connectionUpgrade = false;
  upgrade: string | null = null;
  host: string | null = null;
  /** `Keep-Alive: timeout=`, in seconds; -1 when there is none. */
  keepAliveSeconds = -1;
  /** At least one line must not be forwarded as it came. */
  strip = false;
  /** Headers that `Connection` nominated, lower case. */
  nominated: string[] | null = null;
}

// One expression refuses obs-fold, space before the colon, bare CR or LF, NUL and control characters.
const headerLines = /(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/y;

// The last one is ours to say: neither an app nor a client may claim that the proxy answered.
const neverForwarded: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "upgrade",
  "http2-settings",
  "x-hitless-reason",
]);
// RFC 9110 §7.6.1 forbids nominating fields that recipients need; these would change who is asked or how it is framed.
const neverNominated: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "cookie",
]);

/**
 * Checks the lines of `text` from `from` to its end and collects what they say into `facts`.
 * Returns why they are refused, or null.
 */
export function scanHeaders(text: string, from: number, facts: HeaderFacts): Reason | null {
  if (!validHeaderLines(text, from)) return "bad-request";
  let lines = 0;
  for (let at = from; at < text.length; ) {
    const end = text.indexOf("\r\n", at);
    lines += 1;
    const refused = scanLine(text, at, facts);
    if (refused !== null) return refused;
    at = end + 2;
  }
  if (lines > maxHeaders) return "head-too-large";
  return facts.chunked && facts.contentLength >= 0 ? "bad-framing" : null;
}

/** Whether `text` consists, from `from` on, of well-formed header lines only. */
function validHeaderLines(text: string, from: number): boolean {
  headerLines.lastIndex = from;
  return headerLines.test(text);
}

function scanLine(text: string, at: number, facts: HeaderFacts): Reason | null {
  switch (text.charCodeAt(at) | 32) {
    // Only c, f, h, k, p, t, u and x begin a name that matters here.
    case 99:
    case 102:
    case 104:
    case 107:
    case 112:
    case 116:
    case 117:
    case 120: {
      const colon = text.indexOf(":", at);
      return noteField(text.slice(at, colon).toLowerCase(), lineValue(text, colon + 1), facts);
    }
    default:
      return null;
  }
}

function noteField(name: string, value: string, facts: HeaderFacts): Reason | null {
  switch (name) {
    case "content-length":
      return noteContentLength(value, facts);
    case "transfer-encoding":
      return noteTransferEncoding(value, facts);
    case "host":
      if (facts.host !== null || !hostForm.test(value)) return "bad-host";
      facts.host = value;
      return null;
    case "connection":
      noteConnection(value, facts);
      return null;
    case "upgrade":
      facts.upgrade = facts.upgrade === null ? value : `${facts.upgrade}, ${value}`;
      facts.strip = true;
      return null;
    case "keep-alive":
      facts.keepAliveSeconds = timeoutOf(value);
      facts.strip = true;
      return null;
    default:
      if (isNeverForwarded(name) || saysWhoAsked(name)) facts.strip = true;
      return null;
  }
}

const hostForm = /^[A-Za-z0-9\-._~%!$&'()*+;=:[\]]*$/;

function noteContentLength(value: string, facts: HeaderFacts): Reason | null {
  if (facts.contentLength >= 0 || !/^\d{1,15}$/.test(value)) return "bad-framing";
  facts.contentLength = Number(value);
  return null;
}

function noteTransferEncoding(value: string, facts: HeaderFacts): Reason | null {
  if (facts.chunked) return "bad-framing";
  if (value.toLowerCase() !== "chunked") {
    return /^[\w!#$%&'*+\-.^`|~]+$/.test(value) ? "transfer-coding" : "bad-framing";
  }
  facts.chunked = true;
  return null;
}

function noteConnection(value: string, facts: HeaderFacts): void {
  facts.strip = true;
  for (const part of value.toLowerCase().split(",")) {
    const token = trimBlanks(part);
    if (token === "close") facts.close = true;
    else if (token === "keep-alive") facts.keepAlive = true;
    else if (token === "upgrade") facts.connectionUpgrade = true;
    else if (!neverNominated.has(token) && !token.startsWith("x-forwarded-")) {
      facts.nominated ??= [];
      facts.nominated.push(token);
    }
  }
}

function timeoutOf(value: string): number {
  const found = /(?:^|[,\s;])timeout\s*=\s*"?(\d{1,9})/i.exec(value);
  return found === null ? -1 : Number(found[1]);
}

function isNeverForwarded(name: string): boolean {
  return neverForwarded.has(name) || name.startsWith("proxy-");
}

// RFC 7239, and what it was made to replace.
function saysWhoAsked(name: string): boolean {
  return name === "forwarded" || name.startsWith("x-forwarded-");
}

/** Which lines `keptHeaders` leaves out besides those that never pass. */
export interface Stripping {
  readonly nominated: readonly string[] | null;
  /** `Forwarded` and `X-Forwarded-*`: a client must not say who it is. */
  readonly forwarded: boolean;
  /** `Host`, because another one takes its place. */
  readonly host: boolean;
}

/** The header lines of `text` from `from` on that may be forwarded, byte for byte. */
export function keptHeaders(text: string, from: number, stripping: Stripping): string {
  let kept = "";
  for (let at = from; at < text.length; ) {
    const end = text.indexOf("\r\n", at) + 2;
    const name = text.slice(at, text.indexOf(":", at)).toLowerCase();
    if (!isStripped(name, stripping)) kept += text.slice(at, end);
    at = end;
  }
  return kept;
}

function isStripped(name: string, stripping: Stripping): boolean {
  if (isNeverForwarded(name)) return true;
  if (stripping.forwarded && saysWhoAsked(name)) return true;
  if (stripping.host && name === "host") return true;
  return stripping.nominated?.includes(name) ?? false;
}

/** The value of the first header of that name (any case), or null. Linear in the head. */
export function headerValue(text: string, from: number, name: string): string | null {
  const wanted = name.toLowerCase();
  for (let at = from; at < text.length; ) {
    const colon = text.indexOf(":", at);
    if (colon < 0) return null;
    if (colon - at === wanted.length && text.slice(at, colon).toLowerCase() === wanted) {
      return lineValue(text, colon + 1);
    }
    at = text.indexOf("\r\n", at) + 2;
  }
  return null;
}

function lineValue(text: string, from: number): string {
  return trimBlanks(text.slice(from, text.indexOf("\r\n", from)));
}

// String.trim also takes characters that HTTP does not count as white space, such as 0xA0.
function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
