import { type Mutant, mutantsOf } from "./mutant.ts";

const headers = mutantsOf(
  "packages/proxy/src/http/header-scan.ts",
  [
    "length-beside-coding",
    "Content-Length and Transfer-Encoding pass together (CL.TE, TE.CL)",
    'return this.chunked && this.contentLength >= 0 ? "bad-framing" : null;',
    "return null;",
  ],
  [
    "two-lengths",
    "the last Content-Length of several counts",
    String.raw`if (this.contentLength >= 0 || !/^\d{1,15}$/.test(value))`,
    String.raw`if (!/^\d{1,15}$/.test(value))`,
  ],
  [
    "signed-length",
    "a Content-Length may have a sign",
    String.raw`/^\d{1,15}$/`,
    String.raw`/^[+-]?\d{1,15}$/`,
  ],
  [
    "tab-beside-length",
    "a tab behind a length is no part of it",
    String.raw`value.includes("\t") ? "" : trimBlanks(value)`,
    "trimBlanks(value)",
  ],
  [
    "nearly-chunked",
    "xchunked is chunked (TE.TE)",
    'if (value.toLowerCase() !== "chunked") {',
    'if (!value.toLowerCase().endsWith("chunked")) {',
  ],
  [
    "coding-twice",
    "a second Transfer-Encoding is not looked at (TE.TE)",
    'if (this.chunked) return "bad-framing";',
    "",
  ],
  [
    "blank-before-colon",
    "a header's name may have a blank behind it",
    String.raw`9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/y`,
    String.raw`9A-Za-z]+ ?:[\t\x20-\x7e\x80-\xff]*\r\n)*$/y`,
  ],
  [
    "folded-line",
    "a line that begins with a blank continues the one before",
    String.raw`9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/y`,
    String.raw`9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n(?:[\t ][^\r\n]*\r\n)*)*$/y`,
  ],
  [
    "control-in-value",
    "a value may hold a NUL",
    String.raw`:[\t\x20-\x7e\x80-\xff]*\r\n)*$/y`,
    String.raw`:[\0\t\x20-\x7e\x80-\xff]*\r\n)*$/y`,
  ],
  [
    "bare-lf-in-value",
    "a value may hold a bare LF",
    String.raw`:[\t\x20-\x7e\x80-\xff]*\r\n)*$/y`,
    String.raw`:[\t\n\x20-\x7e\x80-\xff]*\r\n)*$/y`,
  ],
  [
    "two-hosts",
    "the last Host of several counts",
    "if (this.host !== null || !hostForm.test(value))",
    "if (!hostForm.test(value))",
  ],
  [
    "close-not-heard",
    "a client that says close is kept",
    'if (token === "close") this.close = true;',
    'if (token === "closed") this.close = true;',
  ],
);

const names = mutantsOf(
  "packages/proxy/src/http/header-names.ts",
  [
    "length-nominated",
    "Connection may take Content-Length away from the replica",
    'name === "cookie" || framesOrAddresses(name)',
    'name === "cookie" || (name !== "content-length" && framesOrAddresses(name))',
  ],
  [
    "length-in-trailer",
    "a trailer may name a length",
    "return framesOrAddresses(name) || isOfConnection(name)",
    'return (name !== "content-length" && framesOrAddresses(name)) || isOfConnection(name)',
  ],
);

const requests = mutantsOf(
  "packages/proxy/src/http/request-head.ts",
  [
    "coding-in-http-1.0",
    "HTTP/1.0 may send chunks",
    'if (facts.chunked && line.minor === 0) return "bad-framing";',
    "",
  ],
  [
    "no-host",
    "a request may name no host",
    'if (facts.host === null && line.minor === 1) return "bad-host";',
    "",
  ],
  [
    "host-beside-authority",
    "the Host beside an absolute target passes as well, in upper case",
    "if (/^host:/i.test(text.slice(at, at + 5)))",
    "if (/^host:/.test(text.slice(at, at + 5)))",
  ],
);

const chunks = mutantsOf(
  "packages/proxy/src/http/chunked-end.ts",
  [
    "chunk-too-long",
    "data may go on behind the size of its chunk",
    'this.#state = "dataLf";\n        return byte === 13;',
    'this.#state = "dataLf";\n        return true;',
  ],
  [
    "blank-before-size",
    "a chunk's size may have a blank before it",
    "if (this.#digits === 0) return false;",
    "if (this.#digits === 0) return byte === 32;",
  ],
  [
    "blank-in-extension",
    "an extension may hold blanks",
    "return isTokenByte(byte) || this.#endToken(byte, before);",
    "return isTokenByte(byte) || byte === 32 || this.#endToken(byte, before);",
  ],
);

const answers = [
  ...mutantsOf(
    "packages/proxy/src/http/response-head.ts",
    [
      "body-of-304",
      "what follows a 304 is taken for its body",
      "return status < 200 || status === 204 || status === 304;",
      "return status < 200 || status === 204;",
    ],
    [
      "interim-of-http-1.0",
      "a 1xx may be of HTTP/1.0",
      "(facts.chunked || isInterim(text))",
      "facts.chunked",
    ],
    [
      "interim-with-length",
      "a 1xx may have a length",
      "this.status < 200 && this.keepAlive && contentLength < 0 && !chunked",
      "this.status < 200 && this.keepAlive && !chunked",
    ],
  ),
  ...mutantsOf(
    "packages/proxy/src/worker/upstream-connection.ts",
    [
      "surplus-kept",
      "a replica's bytes behind its answer wait for the next request",
      "this.spoiled = !head.keepAlive || extra;",
      "this.spoiled = !head.keepAlive;",
    ],
    [
      "last-answer-kept",
      "a replica that says close gets another request on the connection",
      "this.spoiled = !head.keepAlive || extra;",
      "this.spoiled = extra;",
    ],
  ),
  ...mutantsOf("packages/proxy/src/worker/client-connection.ts", [
    "half-answer-as-whole",
    "an answer that broke off ends in good order",
    "this.socket.resetAndDestroy();",
    "this.socket.end();",
  ]),
];

/** Every broken rule of framing that the fuzzer must notice. */
export const framingMutants: readonly Mutant[] = [
  ...headers,
  ...names,
  ...requests,
  ...chunks,
  ...answers,
];
