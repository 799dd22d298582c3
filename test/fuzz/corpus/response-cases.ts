import { chunkedBodies } from "./chunked-bodies.ts";
import { connectionLines, headerLines, lengthLines, transferLines } from "./header-lines.ts";

/** Who asks; each is a request that is right. */
export const askers = {
  get: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  head: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
  post: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
  last: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  old: "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
  oldKept: "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
  upgrade: "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
} as const;

export type Asker = keyof typeof askers;

/** The bytes of one replica connection, as latin1 text. */
export interface ResponseCase {
  readonly name: string;
  readonly asker: Asker;
  readonly text: string;
  /** The replica ends its half after them. */
  readonly eof: boolean;
}

/** An answer to nobody, which must reach nobody. */
const planted = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Planted: 1\r\n\r\npoison";
const ok = "HTTP/1.1 200 OK\r\n";
const everybody: readonly Asker[] = ["get", "head", "post", "last", "old", "oldKept", "upgrade"];

/** Well-formed variety, and each way in which an answer can be malformed. */
export const responseCases: readonly ResponseCase[] = [
  ...each("status line", statusLines(), (line) => `${line}Content-Length: 3\r\n\r\nabc${planted}`),
  ...each("length", lengthLines, (lines) => `${ok}${lines}\r\nabc${planted}`),
  ...each("coding", transferLines, (lines) => `${ok}${lines}\r\n3\r\nabc\r\n0\r\n\r\n${planted}`),
  ...each("length and coding", transferLines.slice(0, 20), (lines) => {
    return `${ok}Content-Length: 3\r\n${lines}\r\n3\r\nabc\r\n0\r\n\r\n`;
  }),
  ...each("chunks", chunkedBodies, (body) => {
    return `${ok}Transfer-Encoding: chunked\r\n\r\n${body}${planted}`;
  }),
  ...each("header line", headerLines, (lines) => {
    return `${ok}${lines}Content-Length: 3\r\n\r\nabc${planted}`;
  }),
  ...each("connection", connectionLines, (lines) => {
    return `${ok}${lines}Content-Length: 3\r\nX-Hop: 1\r\nSet-Cookie: a\r\n\r\nabc`;
  }),
  ...each("connection in HTTP/1.0", connectionLines, (lines) => {
    return `HTTP/1.0 200 OK\r\n${lines}Content-Length: 3\r\nX-Hop: 1\r\n\r\nabc`;
  }),
  ...everybody.flatMap((asker) =>
    wholes().flatMap((text, index) => [
      { name: `whole ${index} to ${asker}`, asker, text, eof: false },
      { name: `whole ${index} to ${asker}, then its end`, asker, text, eof: true },
    ]),
  ),
];

function each(
  what: string,
  values: readonly string[],
  text: (value: string) => string,
): readonly ResponseCase[] {
  return values.map((value, index) => {
    const name = `answer, ${what} ${index}: ${JSON.stringify(value.slice(0, 60))}`;
    return { name, asker: "get", text: text(value), eof: index % 2 === 1 };
  });
}

function statusLines(): readonly string[] {
  const versions =
    "HTTP/1.0 HTTP/1.1 HTTP/0.9 HTTP/1.2 HTTP/2.0 HTTP/2 HTTP/11.1 http/1.1 HTTPS/1.1 RTSP/1.0 ICY HTTP";
  const codes = "200 404 599 600 999 099 000 20 2000 2x0 +200 -200 2 20a 200a";
  return [
    ...versions.split(" ").map((version) => `${version} 200 OK\r\n`),
    ...codes.split(" ").map((code) => `HTTP/1.1 ${code} OK\r\n`),
    "HTTP/1.1 200\r\n",
    "HTTP/1.1 200 \r\n",
    "HTTP/1.1  200 OK\r\n",
    "HTTP/1.1 200  OK\r\n",
    "HTTP/1.1\t200 OK\r\n",
    "HTTP/1.1 200\tOK\r\n",
    "HTTP/1.1 200 A B C\r\n",
    "HTTP/1.1 200 \xe4\xff\r\n",
    "HTTP/1.1 200 O\0K\r\n",
    "HTTP/1.1 200 O\x01K\r\n",
    "HTTP/1.1 200 O\x7fK\r\n",
    "HTTP/1.1 200 O\tK\r\n",
    "HTTP/1.1 200 O\rK\r\n",
    "HTTP/1.1 200 OK\n",
    "HTTP/1.1 200 OK\r",
    "HTTP/1.1 200 OK\r\r\n",
    "HTTP/1.1 200 OK\r\r\r\n",
    "HTTP/1.1 200 \r\rX: y\r\n",
    "HTTP/1.1\r\n",
    " HTTP/1.1 200 OK\r\n",
    "\r\nHTTP/1.1 200 OK\r\n",
    "\nHTTP/1.1 200 OK\r\n",
    "\0HTTP/1.1 200 OK\r\n",
    "GET / HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n X: y\r\n",
  ];
}

function wholes(): readonly string[] {
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const sized = `${ok}Content-Length: 3\r\n\r\nabc`;
  const chunks = `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
  const switched = "HTTP/1.1 101 Switching Protocols\r\n";
  return [
    "",
    "H",
    `${ok}\r\nabc`,
    `${ok}\r\n`,
    "HTTP/1.0 200 OK\r\n\r\nabc",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
    sized,
    sized.slice(0, -1),
    `${sized}${planted}`,
    `${sized}\r\n`,
    chunks,
    chunks.slice(0, -2),
    chunks.slice(0, -12),
    `${chunks}${planted}`,
    `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n`,
    `${ok}Content-Length: 0\r\n\r\n`,
    `${ok}Content-Length: 99\r\nConnection: close\r\n\r\nabc`,
    `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    `${ok}Keep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok`,
    `${ok}Keep-Alive: timeout=9\r\nContent-Length: 0\r\n\r\n`,
    `${ok}Host: a\r\nContent-Length: 0\r\n\r\n`,
    `${ok}Host: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n`,
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
    `HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n${planted}`,
    "HTTP/1.1 100 Continue\r\n\r\n",
    `HTTP/1.1 100 Continue\r\n\r\n${sized}`,
    `HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n${sized}`,
    `HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n${sized}`,
    `HTTP/1.1 100 Continue\r\nConnection: close\r\nX-Hitless-Reason: cut\r\nKeep-Alive: timeout=1\r\n\r\n${sized}`,
    `${hints}${hints}${chunks}`,
    `${hints}${ok}\r\nabc`,
    `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 199 x\r\n\r\n${sized}`,
    `HTTP/1.0 100 Continue\r\n\r\n${sized}`,
    `HTTP/1.0 100 Continue\r\nConnection: keep-alive\r\n\r\n${sized}`,
    `HTTP/1.0 100 Continue\r\nProxy-Connection: keep-alive\r\n\r\n${sized}`,
    `HTTP/1.0 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello`,
    `${hints}HTTP/1.1 2`,
    "HTTP/1.1 204\r\r\r\n",
    `${switched}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    `${switched}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello`,
    `${switched}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n${planted}`,
    `${switched}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc`,
    `${switched}Connection: Upgrade\r\nUpgrade: ,\r\n\r\nhello`,
    `${switched}Connection: Upgrade, X-Hop\r\nX-Hop: 1\r\nUpgrade: a\r\nUpgrade: b\r\nX-Hitless-Reason: cut\r\n\r\nhello`,
    `${switched}\r\n${sized}`,
    `${switched}Upgrade: websocket\r\n\r\n${sized}`,
    `${switched}Connection: Upgrade\r\n\r\n${sized}`,
    `${hints}${switched}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello`,
    `${ok}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc`,
    `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\nX: ${"y".repeat(9_000)}\r\n\r\n`,
    "SSH-2.0-OpenSSH_9.2\r\n",
    "\x15\x03\x03\0\x02\x02\x46",
    "\0\0\x12\x04\0\0\0\0\0",
    `${ok}X: ${"y".repeat(20_000)}`,
    `${ok}X: ${"y".repeat(17_000)}\r\n\r\n`,
    `${ok}${"X: y\r\n".repeat(101)}Content-Length: 0\r\n\r\n`,
  ];
}
