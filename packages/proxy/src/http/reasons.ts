/**
 * Why the proxy itself answered, with the status it answered with. The code travels in
 * `X-Hitless-Reason`, so an answer of the proxy is never mistaken for one of the app.
 */
const reasonStatus = {
  /** The request head is malformed. */
  "bad-request": 400,
  /** Content-Length or Transfer-Encoding is repeated, contradictory or malformed. */
  "bad-framing": 400,
  /** Host is missing, repeated or malformed. */
  "bad-host": 400,
  /** The request target is neither a path, an absolute URL, nor `OPTIONS *`. */
  "bad-target": 400,
  /** A chunked request body is malformed. */
  "bad-chunk": 400,
  /** The head did not arrive in time. */
  "head-timeout": 408,
  /** The request body stopped arriving, or arrives too slowly. */
  "body-timeout": 408,
  /** The request body is longer than `proxy.maxBodySize`. */
  "body-too-large": 413,
  /** The target is longer than 8 KB. */
  "target-too-long": 414,
  /** The head is longer than 16 KB or has more than 100 headers. */
  "head-too-large": 431,
  /** A transfer coding other than `chunked`. */
  "transfer-coding": 501,
  /** A method that Node's own parser does not know either. */
  "unknown-method": 501,
  /** Not HTTP/1.0 or HTTP/1.1; an h2c preface ends here. */
  "http-version": 505,
  /** There is no room for one more connection, or this one had to make room for another. */
  "too-many-connections": 503,
  /** The worker has no route table yet. */
  "no-table": 503,
  /** No replica may get this request. Nothing was sent. */
  "no-replica": 503,
  /** Requests are kept from the replicas for a while: `hitless maintenance`. Nothing was sent. */
  maintenance: 503,
  /** No replica accepted a connection. Nothing was sent. */
  "connect-failed": 503,
  /** The replica closed before it answered, and the request could not be sent again. */
  "upstream-closed": 502,
  /** The replica's answer is not HTTP. */
  "bad-response": 502,
  /** The replica did not answer in time. */
  "response-timeout": 504,
  /** The drain budget of the replica ended before it answered. */
  cut: 502,
} as const;

export type Reason = keyof typeof reasonStatus;

/** The status that the proxy answers with. */
export function statusOf(reason: Reason): number {
  return reasonStatus[reason];
}

const statusText: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** How an answer of the proxy has to be written. */
export interface AnswerOptions {
  /** When it begins, as in `Date`. */
  readonly date: string;
  /** `Connection: close` is said. */
  readonly close: boolean;
  /** The request was HEAD: the body is only announced. */
  readonly headOnly: boolean;
  /** The client speaks HTTP/1.0 and asked to stay connected. */
  readonly keepAlive: boolean;
  /** The client takes HTML: a failure on our side is a page. */
  readonly html: boolean;
  /** What people are told beside that; empty: nothing. */
  readonly message: string;
  /** By which the request stands in the access log, visible ASCII; null: its head could not be read. */
  readonly requestId: string | null;
}

/** Seconds after which it is worth asking again. */
const retryAfter = { maintenance: 30, other: 1 };

/** The whole answer, head and body, as text to be sent in UTF-8. */
export function proxyAnswer(reason: Reason, options: AnswerOptions): string {
  const status = reasonStatus[reason];
  const isPage = options.html && status >= 500;
  const body = isPage ? pageOf(reason, options) : textOf(reason, options);
  const again = reason === "maintenance" ? retryAfter.maintenance : retryAfter.other;
  return (
    `HTTP/1.1 ${headlineOf(reason)}\r\n` +
    `X-Hitless-Reason: ${reason}\r\n` +
    `Date: ${options.date}\r\n` +
    (options.requestId === null ? "" : `X-Request-Id: ${options.requestId}\r\n`) +
    `Content-Type: text/${isPage ? "html" : "plain"}; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n` +
    (status === 503 ? `Retry-After: ${again}\r\n` : "") +
    connectionLine(options) +
    `\r\n${options.headOnly ? "" : body}`
  );
}

function headlineOf(reason: Reason): string {
  const status = reasonStatus[reason];
  return `${status} ${statusText[status] ?? ""}`;
}

function textOf(reason: Reason, { message, requestId }: AnswerOptions): string {
  return (
    `${headlineOf(reason)} (${reason})\n` +
    (message === "" ? "" : `${message}\n`) +
    (requestId === null ? "" : `request id: ${requestId}\n`)
  );
}

function pageOf(reason: Reason, { message, requestId }: AnswerOptions): string {
  const title = headlineOf(reason);
  // A trusted proxy may pass on what a client chose, markup too.
  const named =
    requestId === null ? "" : `<p><small>request id: ${escaped(requestId)}</small></p>\n`;
  const says = message === "" ? "" : `<p>${escaped(message)}</p>\n`;
  return (
    `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${title}</title></head>\n` +
    `<body>\n<h1>${title}</h1>\n${says}<p><small>${reason}</small></p>\n${named}</body>\n</html>\n`
  );
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function connectionLine(options: AnswerOptions): string {
  if (options.close) return "Connection: close\r\n";
  return options.keepAlive ? "Connection: keep-alive\r\n" : "";
}
