import { describe, expect, test } from "vitest";
import { isHeadTooLong } from "./header-scan.ts";
import { parseRequestHead, type RequestHead } from "./request-head.ts";

function accepted(text: string): RequestHead {
  const head = parseRequestHead(text);
  if (typeof head === "string") throw new Error(`refused: ${head}`);
  return head;
}

const host = "Host: a\r\n";

describe("refuses what could mean two things", () => {
  test.each([
    [
      "both lengths",
      `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n`,
      "bad-framing",
    ],
    [
      "the same length twice",
      `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 3\r\n`,
      "bad-framing",
    ],
    [
      "two lengths",
      `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 4\r\n`,
      "bad-framing",
    ],
    ["a list of lengths", `POST / HTTP/1.1\r\n${host}Content-Length: 3, 3\r\n`, "bad-framing"],
    ["a signed length", `POST / HTTP/1.1\r\n${host}Content-Length: +3\r\n`, "bad-framing"],
    ["a negative length", `POST / HTTP/1.1\r\n${host}Content-Length: -3\r\n`, "bad-framing"],
    ["a hexadecimal length", `POST / HTTP/1.1\r\n${host}Content-Length: 0x3\r\n`, "bad-framing"],
    ["an empty length", `POST / HTTP/1.1\r\n${host}Content-Length:\r\n`, "bad-framing"],
    [
      "a length after a no-break space",
      `POST / HTTP/1.1\r\n${host}Content-Length: \xa03\r\n`,
      "bad-framing",
    ],
    ["a tab after a length", `POST / HTTP/1.1\r\n${host}Content-Length: 3\t\r\n`, "bad-framing"],
    [
      "a tab before a coding",
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding:\tchunked\r\n`,
      "bad-framing",
    ],
    [
      "an endless length",
      `POST / HTTP/1.1\r\n${host}Content-Length: 9999999999999999\r\n`,
      "bad-framing",
    ],
    ["another coding", `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip\r\n`, "transfer-coding"],
    [
      "a hidden chunked",
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n`,
      "transfer-coding",
    ],
    [
      "two codings",
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n`,
      "bad-framing",
    ],
    [
      "chunked twice",
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`,
      "bad-framing",
    ],
    [
      "chunked and identity",
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n`,
      "bad-framing",
    ],
    ["quoted chunked", `POST / HTTP/1.1\r\n${host}Transfer-Encoding: "chunked"\r\n`, "bad-framing"],
    [
      "chunked in HTTP/1.0",
      `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n`,
      "bad-framing",
    ],
    ["a folded line", `GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n`, "bad-request"],
    ["space before the colon", `GET / HTTP/1.1\r\n${host}Content-Length : 3\r\n`, "bad-request"],
    ["a bare LF", `GET / HTTP/1.1\r\n${host}X: a\nY: b\r\n`, "bad-request"],
    ["a bare CR", `GET / HTTP/1.1\r\n${host}X: a\rY: b\r\n`, "bad-request"],
    ["a NUL", `GET / HTTP/1.1\r\n${host}X: a\0b\r\n`, "bad-request"],
    ["a control character", `GET / HTTP/1.1\r\n${host}X: a\x0bb\r\n`, "bad-request"],
    ["a DEL", `GET / HTTP/1.1\r\n${host}X: a\x7fb\r\n`, "bad-request"],
    ["a nameless header", `GET / HTTP/1.1\r\n${host}: b\r\n`, "bad-request"],
    ["a header without colon", `GET / HTTP/1.1\r\n${host}abc\r\n`, "bad-request"],
    ["no host", "GET / HTTP/1.1\r\nX: y\r\n", "bad-host"],
    ["two hosts", `GET / HTTP/1.1\r\n${host}${host}`, "bad-host"],
    ["a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n", "bad-host"],
    ["a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n", "bad-host"],
    ["a host list", "GET / HTTP/1.1\r\nHost: a,b\r\n", "bad-host"],
    ["a relative target", `GET index.html HTTP/1.1\r\n${host}`, "bad-target"],
    ["an authority target", `GET a:80 HTTP/1.1\r\n${host}`, "bad-target"],
    ["CONNECT", `CONNECT a:80 HTTP/1.1\r\n${host}`, "bad-target"],
    ["a star for GET", `GET * HTTP/1.1\r\n${host}`, "bad-target"],
    ["user info in the target", `GET http://u@h/ HTTP/1.1\r\n${host}`, "bad-target"],
    ["a byte beyond ASCII in the target", `GET /\xff HTTP/1.1\r\n${host}`, "bad-request"],
    ["two spaces", `GET  / HTTP/1.1\r\n${host}`, "bad-request"],
    ["no version", `GET /\r\n${host}`, "bad-request"],
    ["a lower-case method", `get / HTTP/1.1\r\n${host}`, "bad-request"],
    ["an unknown method", `FETCH / HTTP/1.1\r\n${host}`, "unknown-method"],
    ["HTTP/1.2", `GET / HTTP/1.2\r\n${host}`, "http-version"],
    ["the h2c preface", "PRI * HTTP/2.0\r\n", "http-version"],
    ["a long target", `GET /${"a".repeat(8_192)} HTTP/1.1\r\n${host}`, "target-too-long"],
    ["many headers", `GET / HTTP/1.1\r\n${host}${"X: y\r\n".repeat(100)}`, "head-too-large"],
  ])("%s", (_name, text, reason) => {
    expect(parseRequestHead(text)).toBe(reason);
  });
});

test("forwards the other headers byte for byte and in their order", () => {
  const lines = "x-B:  two  \r\nHost: a\r\nCookie: c=1\r\nX-b: \xe4\r\n";
  expect(accepted(`GET /p?q HTTP/1.1\r\n${lines}`).forwarded).toBe(`GET /p?q HTTP/1.1\r\n${lines}`);
});

test("strips hop-by-hop, nominated and forged headers, and never those that frame or address", () => {
  const head = accepted(
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Secret, Host, Content-Length, Cookie, X-Forwarded-For\r\n" +
      "X-Secret: 1\r\nContent-Length: 3\r\nCookie: c\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nTrailer: x\r\n" +
      "Proxy-Connection: x\r\nProxy-Authorization: x\r\nUpgrade: x\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=6.6.6.6\r\nX-Hitless-Reason: cut\r\n",
  );
  expect(head.forwarded).toBe("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nCookie: c\r\n");
  expect(head.keepAlive).toBe(false);
});

test.each([
  "Forwarded: for=6.6.6.6;proto=https",
  "x-hitless-reason: cut",
  "X_Forwarded_For: 6.6.6.6",
  "X-Forwarded_Proto: https",
  "X_Request-ID: mine",
])("%s alone is stripped too", (line) => {
  expect(accepted(`GET / HTTP/1.1\r\n${host}${line}\r\n`).forwarded).toBe(
    `GET / HTTP/1.1\r\n${host}`,
  );
});

test("what is written with an underscore is believed of nobody, and other such names pass", () => {
  const line = "X_Api_Key: 1\r\n";
  const head = accepted(`GET / HTTP/1.1\r\n${host}X_Forwarded_For: 6.6.6.6\r\n${line}`);
  expect(head.said).toBe(null);
  expect(head.forwarded).toBe(`GET / HTTP/1.1\r\n${host}${line}`);
});

test("an absolute target becomes a path and its authority the host", () => {
  const text = "GET http://real.example:81?x=1 HTTP/1.1\r\nHost: other\r\nAccept: a\r\n";
  expect(accepted(text).forwarded).toBe(
    "GET /?x=1 HTTP/1.1\r\nHost: real.example:81\r\nAccept: a\r\n",
  );
  expect(accepted(`OPTIONS http://a HTTP/1.1\r\n${host}`).forwarded).toMatch(/^OPTIONS \* /);
});

test.each([
  ["HTTP/1.1", "", true],
  ["HTTP/1.1", "Connection: close\r\n", false],
  ["HTTP/1.1", "Connection: keep-alive, Close\r\n", false],
  ["HTTP/1.0", "", false],
  ["HTTP/1.0", "Connection: Keep-Alive\r\n", true],
])("%s with %j stays connected: %s", (version, lines, keepAlive) => {
  expect(accepted(`GET / ${version}\r\n${host}${lines}`).keepAlive).toBe(keepAlive);
});

test("an upgrade is forwarded when asked for in full, never to h2c and never with a body", () => {
  const upgrade = (value: string, more = "") =>
    accepted(`GET / HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: ${value}\r\n${more}`);
  expect(upgrade("websocket").forwarded).toContain("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  expect(upgrade("h2c").upgrade).toBeNull();
  expect(upgrade("websocket", "Content-Length: 1\r\n").upgrade).toBeNull();
  expect(accepted(`GET / HTTP/1.1\r\n${host}Upgrade: websocket\r\n`).upgrade).toBeNull();
});

test("finds headers and cookies by name", () => {
  const head = accepted(
    `GET / HTTP/1.1\r\n${host}X-Group:  beta \r\nCookie: a=1; group=x=y ;b\r\n`,
  );
  expect(head.header("x-group")).toBe("beta");
  expect(head.header("missing")).toBeNull();
  expect(head.cookie("group")).toBe("x=y");
  expect(head.cookie("roup")).toBeNull();
});

test("every Proxy- header is stripped, however long its name", () => {
  const lines = ["Proxy-", "Proxy-a", "Proxy-ab", "proxy-abc"].map((name) => `${name}: x\r\n`);
  expect(accepted(`GET / HTTP/1.1\r\n${host}${lines.join("")}`).forwarded).toBe(
    `GET / HTTP/1.1\r\n${host}`,
  );
});

test("an upgrade to nothing is none", () => {
  const lines = "Connection: Upgrade\r\nUpgrade:\r\nUpgrade: ,\r\n";
  expect(accepted(`GET / HTTP/1.1\r\n${host}${lines}`).upgrade).toBeNull();
});

test("a head of exactly 16 KB is none too long, however much of its end has come", () => {
  expect([1, 2, 3].map((begun) => isHeadTooLong(-1, 16_384 + begun))).toEqual([
    false,
    false,
    false,
  ]);
  expect([isHeadTooLong(16_384, 16_388), isHeadTooLong(16_385, 16_389)]).toEqual([false, true]);
  expect(isHeadTooLong(-1, 16_388)).toBe(true);
});
