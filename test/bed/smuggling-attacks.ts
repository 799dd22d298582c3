/** Bytes that make two servers see two different requests. */
export interface Attack {
  /** The field's own name for it. */
  readonly name: string;
  /** The app frames it by `cl` or by `te` where both are there. */
  readonly by: "cl" | "te";
  /** The bytes; `first` and `smuggled` are targets to use. */
  readonly bytes: (first: string, smuggled: string) => string;
  /** What the proxy answers it with; null: it is no attack on the proxy and passes as one request. */
  readonly refused: { readonly status: number; readonly reason: string } | null;
}

const host = "Host: shop\r\n";
const badFraming = { status: 400, reason: "bad-framing" };
const badRequest = { status: 400, reason: "bad-request" };
const badChunk = { status: 400, reason: "bad-chunk" };
const badHost = { status: 400, reason: "bad-host" };
const badTarget = { status: 400, reason: "bad-target" };

const hidden = (smuggled: string) => `GET ${smuggled} HTTP/1.1\r\n${host}\r\n`;

/** The head of a POST with these lines, and its body. */
function post(lines: string, body: (smuggled: string) => string): Attack["bytes"] {
  return (first, smuggled) => {
    const rest = body(smuggled);
    const filled = lines.replace("{LENGTH}", String(rest.length));
    return `POST ${first} HTTP/1.1\r\n${host}${filled}\r\n${rest}`;
  };
}

const behindLastChunk = (smuggled: string) => `0\r\n\r\n${hidden(smuggled)}`;

function inChunk(smuggled: string): string {
  const request = hidden(smuggled);
  return `${request.length.toString(16)}\r\n${request}\r\n0\r\n\r\n`;
}

function teTe(what: string, line: string, refused: Attack["refused"]): Attack {
  const lines = `Content-Length: {LENGTH}\r\n${line}`;
  return { name: `TE.TE ${what}`, by: "te", bytes: post(lines, behindLastChunk), refused };
}

function badlyChunked(name: string, begin: string, refused = badChunk): Attack {
  const bytes = post("Transfer-Encoding: chunked\r\n", (smuggled) => `${begin}${hidden(smuggled)}`);
  return { name, by: "te", bytes, refused };
}

function head(
  name: string,
  lines: (first: string, smuggled: string) => string,
  refused: Attack["refused"],
): Attack {
  return { name, by: "te", bytes: lines, refused };
}

/** One of each class, and more of those that come in many spellings. */
export const attacks: readonly Attack[] = [
  {
    name: "CL.TE",
    by: "te",
    bytes: post("Content-Length: {LENGTH}\r\nTransfer-Encoding: chunked\r\n", behindLastChunk),
    refused: badFraming,
  },
  {
    name: "TE.CL",
    by: "cl",
    bytes: (first, smuggled) => {
      const body = inChunk(smuggled);
      const length = body.indexOf("\r\n") + 2;
      return `POST ${first} HTTP/1.1\r\n${host}Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
    },
    refused: badFraming,
  },
  teTe("xchunked", "Transfer-Encoding: xchunked\r\n", { status: 501, reason: "transfer-coding" }),
  teTe("blank before colon", "Transfer-Encoding : chunked\r\n", badRequest),
  teTe("tab after", "Transfer-Encoding: chunked\t\r\n", badFraming),
  teTe("vertical tab", "Transfer-Encoding: \x0bchunked\r\n", badRequest),
  teTe("folded", "Transfer-Encoding:\r\n chunked\r\n", badRequest),
  teTe("behind a bare LF", "X: y\nTransfer-Encoding: chunked\r\n", badRequest),
  teTe("behind a bare CR", "X: y\rTransfer-Encoding: chunked\r\n", badRequest),
  teTe("twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", badFraming),
  teTe("list", "Transfer-Encoding: identity, chunked\r\n", badFraming),
  {
    name: "CL.CL",
    by: "cl",
    bytes: post("Content-Length: {LENGTH}\r\nContent-Length: 0\r\n", hidden),
    refused: badFraming,
  },
  {
    name: "CL.0",
    by: "cl",
    bytes: post("Content-Length: {LENGTH}\r\n", hidden),
    refused: null,
  },
  {
    name: "0.CL",
    by: "cl",
    bytes: post("Content-Length : {LENGTH}\r\n", hidden),
    refused: badRequest,
  },
  {
    name: "CL signed",
    by: "cl",
    bytes: post("Content-Length: +{LENGTH}\r\n", hidden),
    refused: badFraming,
  },
  badlyChunked("chunk extension", "0; x\nX: y\r\n\r\n"),
  badlyChunked("chunk overflow", "10000000000000000\r\n\r\n"),
  badlyChunked("chunk with bare LF", "0\n\n"),
  badlyChunked("chunk too long", "1\r\nabc0\r\n\r\n"),
  badlyChunked("trailer with a length", "0\r\nContent-Length: 9\r\n\r\n"),
  head(
    "bare LF",
    (first, smuggled) => `GET ${first} HTTP/1.1\r\n${host}X: y\n\n${hidden(smuggled)}`,
    badRequest,
  ),
  head(
    "bare CR",
    (first, smuggled) => `GET ${first} HTTP/1.1\r\n${host}X: y\r\rGET ${smuggled} HTTP/1.1\r\n\r\n`,
    badRequest,
  ),
  head(
    "obs-fold",
    (first, smuggled) => `GET ${first} HTTP/1.1\r\n${host}X: y\r\n GET ${smuggled}\r\n\r\n`,
    badRequest,
  ),
  head(
    "NUL",
    (first, smuggled) => `GET ${first} HTTP/1.1\r\n${host}X: y\0\r\n\r\n${hidden(smuggled)}`,
    badRequest,
  ),
  head(
    "duplicated Host",
    (first, smuggled) => `GET ${first} HTTP/1.1\r\n${host}Host: evil\r\n\r\n${hidden(smuggled)}`,
    badHost,
  ),
  head(
    "missing Host",
    (first, smuggled) => `GET ${first} HTTP/1.1\r\nX: y\r\n\r\n${hidden(smuggled)}`,
    badHost,
  ),
  {
    name: "Connection: Content-Length",
    by: "cl",
    bytes: post("Content-Length: {LENGTH}\r\nConnection: Content-Length, Host\r\n", hidden),
    refused: null,
  },
  head("absolute-form", (first) => `GET http://shop${first} HTTP/1.1\r\nHost: evil\r\n\r\n`, null),
  head(
    "CONNECT",
    (_first, smuggled) => `CONNECT shop:443 HTTP/1.1\r\n${host}\r\n${hidden(smuggled)}`,
    badTarget,
  ),
  head("h2c preface", (_first, smuggled) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden(smuggled)}`, {
    status: 505,
    reason: "http-version",
  }),
  head(
    "TLS hello",
    (_first, smuggled) => `\x16\x03\x01\x00\x05hello\r\n\r\n${hidden(smuggled)}`,
    badRequest,
  ),
];
