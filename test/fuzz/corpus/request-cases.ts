import { chunkedBodies } from "./chunked-bodies.ts";
import { connectionLines, headerLines, lengthLines, transferLines } from "./header-lines.ts";

/** The bytes of one client connection, as latin1 text. */
export interface RequestCase {
  readonly name: string;
  readonly text: string;
}

const host = "Host: a\r\n";
/** What an attacker wants to be seen as a request of its own. */
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/** Well-formed variety, and each class of attack in many spellings. */
export const requestCases: readonly RequestCase[] = [
  ...each("method", methods(), (method) => `${method} / HTTP/1.1\r\n${host}\r\n${smuggled}`),
  ...each("target", targets(), (target) => `GET ${target} HTTP/1.1\r\n${host}\r\n`),
  ...each("target of OPTIONS", ["*", "http://b", "http://b?q", "/", "x"], (target) => {
    return `OPTIONS ${target} HTTP/1.1\r\n${host}\r\n`;
  }),
  ...each("request line", requestLines(), (line) => `${line}${host}\r\n${smuggled}`),
  ...each("host", hosts(), (lines) => `GET / HTTP/1.1\r\n${lines}\r\n`),
  ...each("host in HTTP/1.0", hosts(), (lines) => `GET / HTTP/1.0\r\n${lines}\r\n`),
  ...each("length", lengthLines, (lines) => {
    return `POST / HTTP/1.1\r\n${host}${lines}\r\nabc${smuggled}`;
  }),
  ...each("length of GET", lengthLines.slice(0, 12), (lines) => {
    return `GET / HTTP/1.1\r\n${host}${lines}\r\nabc${smuggled}`;
  }),
  ...each("coding", transferLines, (lines) => {
    return `POST / HTTP/1.1\r\n${host}${lines}\r\n3\r\nabc\r\n0\r\n\r\n${smuggled}`;
  }),
  ...each("length before coding", transferLines, (lines) => {
    return `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n${lines}\r\n0\r\n\r\n${smuggled}`;
  }),
  ...each("coding before length", transferLines, (lines) => {
    return `POST / HTTP/1.1\r\n${host}${lines}Content-Length: 3\r\n\r\n0\r\n\r\n${smuggled}`;
  }),
  ...each("coding in HTTP/1.0", transferLines.slice(0, 6), (lines) => {
    return `POST / HTTP/1.0\r\n${host}${lines}\r\n0\r\n\r\n${smuggled}`;
  }),
  ...each("chunks", chunkedBodies, (body) => {
    return `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n${body}${smuggled}`;
  }),
  ...each("header line", headerLines, (lines) => {
    return `GET / HTTP/1.1\r\n${host}${lines}X-After: 1\r\n\r\n${smuggled}`;
  }),
  ...each("first line", ["\r\n", " ", "\t", "\0", "X: y", " X: y\r\n", ":\r\n"], (line) => {
    return `GET / HTTP/1.1\r\n${line}${host}\r\n${smuggled}`;
  }),
  ...each("connection", connectionLines, (lines) => {
    return `POST / HTTP/1.1\r\n${host}${lines}Content-Length: 3\r\nX-Hop: 1\r\nTE: trailers\r\nCookie: c\r\n\r\nabc${smuggled}`;
  }),
  ...each("connection in HTTP/1.0", connectionLines, (lines) => {
    return `GET / HTTP/1.0\r\n${host}${lines}X-Hop: 1\r\n\r\n${smuggled}`;
  }),
  ...each("upgrade", upgrades(), (lines) => `GET / HTTP/1.1\r\n${host}${lines}\r\n${smuggled}`),
  ...each("between two", betweens(), (bytes) => `GET / HTTP/1.1\r\n${host}\r\n${bytes}${smuggled}`),
  ...each("between two with bodies", betweens(), (bytes) => {
    return `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabc${bytes}${smuggled}`;
  }),
  ...each("before the first", betweens(), (bytes) => `${bytes}${smuggled}`),
  ...each("whole connection", connections(), (text) => text),
  ...each("limit", limits(), (text) => `${text}${smuggled}`),
];

/** Cases of one class, named by its number and what is in it. */
function each<T extends string>(
  what: string,
  values: readonly T[],
  text: (value: T) => string,
): readonly RequestCase[] {
  return values.map((value, index) => {
    const shown = JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    return { name: `${what} ${index}: ${shown}`, text: text(value) };
  });
}

function methods(): readonly string[] {
  return (
    "ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY " +
    "OPTIONS PATCH POST PRI PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK " +
    "UNLOCK UNSUBSCRIBE DESCRIBE PLAY FETCH get GETX GE G-T G_T \x00GET GET\x00 GET,POST"
  ).split(" ");
}

function targets(): readonly string[] {
  return [
    ...'/ /a /a/b?c=d#e // /%00 /%2e%2e/ /a;b=c /a?b?c /# /? /\\ /{} /| /^ /` /" /< /> /[::1] * a a/b a:80 ?q #f //b/c'.split(
      " ",
    ),
    ..."http://b http://b/ http://b:81/x?y http://b?q http://b#f https://b/ HTTP://b/ http:// http:///x http://u@b/ http://b/\x7f".split(
      " ",
    ),
    ..."http://[::1]:80/ http:/b http:b ftp://b/ ws://b/ urn:x http://b:c/ http://b,c/ http://b\\c/ http://b%00/ /a HTTP/1.1".split(
      " ",
    ),
    ...[
      "/\x00",
      "/\x01",
      "/\x7f",
      "/\x80",
      "/\xff",
      "/a\tb",
      "/a b",
      "/a\rb",
      "/a\nb",
      "/\r\n",
      "",
    ],
  ];
}

function requestLines(): readonly string[] {
  const versions =
    "HTTP/1.1 HTTP/1.0 HTTP/0.9 HTTP/1.2 HTTP/2.0 HTTP/2 HTTP/1 HTTP/3.0 HTTP/1.10 HTTP/11.1 HTTP/1.1x HTTP/01.1 HTTP/1,1 http/1.1 HTTPS/1.1 RTSP/1.0 ICE/1.0 HTTP/-1.1 HTTP HTTP/ HTTP/1. HTTP/.1";
  return [
    ...versions.split(" ").map((version) => `GET / ${version}\r\n`),
    "GET  / HTTP/1.1\r\n",
    "GET /  HTTP/1.1\r\n",
    "GET / HTTP/1.1 \r\n",
    "GET\t/ HTTP/1.1\r\n",
    "GET /\tHTTP/1.1\r\n",
    " GET / HTTP/1.1\r\n",
    "\tGET / HTTP/1.1\r\n",
    "GET / HTTP/1.1\n",
    "GET / HTTP/1.1\r",
    "GET / HTTP/1.1\r\r\n",
    "GET / HTTP/1.1\n\r",
    "GET / HTTP/1.1\0\r\n",
    "GET / HTTP/1.1\x0b\r\n",
    "GET /\r\n",
    "GET / \r\n",
    "GET\r\n",
    "GET / HTTP/1.1 X: y\r\n",
    "\xef\xbb\xbfGET / HTTP/1.1\r\n",
    "SOURCE / ICE/1.0\r\n",
    "DESCRIBE / RTSP/1.0\r\n",
  ];
}

function hosts(): readonly string[] {
  const values =
    "a a:80 a.b.c [::1] [::1]:80 192.0.2.1 A-B_c a: : [ ] a,b a;b a@b a/b a?b a#b a\\b a%00 a%20b (a) a'b a=b é a:b:c";
  return [
    "",
    ...values.split(" ").map((value) => `Host: ${value}\r\n`),
    "Host:\r\n",
    "Host: \t \r\n",
    "Host: a b\r\n",
    "Host:a\r\n",
    "Host:\ta\t\r\n",
    "HOST: a\r\n",
    "hOsT: a\r\n",
    "Host : a\r\n",
    " Host: a\r\n",
    "Host\t: a\r\n",
    "Host: a\r\nHost: a\r\n",
    "Host: a\r\nHost: b\r\n",
    "Host: a\r\nhost: a\r\n",
    "Host: a\r\nX: y\r\nHost: b\r\n",
    "Host: a\r\n Host: b\r\n",
    "Host: a\0\r\n",
    "Host: a\x7f\r\n",
    "Host: a\r\nConnection: Host\r\n",
    "Host: a\r\nX-Forwarded-Host: b\r\n",
    "Host: a\r\nForwarded: host=b\r\n",
  ];
}

function upgrades(): readonly string[] {
  return [
    "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
    "Connection: Upgrade\r\n",
    "Upgrade: websocket\r\n",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
    "Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n",
    "Connection: Upgrade\r\nUpgrade:\r\n",
    "Connection: Upgrade, close\r\nUpgrade: websocket\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n",
    "Connection: Upgrade\r\nUpgrade: TLS/1.3\r\n",
    "Connection: xupgrade\r\nUpgrade: websocket\r\n",
    "Connection: Upgrade\r\nConnection: close\r\nUpgrade: websocket\r\n",
  ];
}

function betweens(): readonly string[] {
  return [
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "\n\n",
    "\r\r\n",
    " \r\n",
    "\0",
    " ",
    "\t",
    "abc",
    "0\r\n\r\n",
    "\x16\x03\x01",
    "\xff",
  ];
}

function connections(): readonly string[] {
  const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\n${host}${more}\r\n`;
  const post = (path: string) => `POST ${path} HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabc`;
  const chunks = (path: string) =>
    `POST ${path} HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
  return [
    get("/1") + get("/2") + get("/3"),
    post("/1") + get("/2") + chunks("/3") + get("/4"),
    chunks("/1") + chunks("/2") + post("/3"),
    get("/1", "Connection: close\r\n") + get("/2"),
    post("/1") + get("/2", "Connection: close\r\n") + get("/3"),
    `${get("/1")}GET /2 HTTP/1.0\r\n\r\n${get("/3")}`,
    `GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n${get("/2")}`,
    `HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n${get("/2")}`,
    get("/1") +
      "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n" +
      get("/3"),
    `${get("/1")}GET /2 HTTP/1.1\r\n\r\n${get("/3")}`,
    chunks("/1").replace("3\r\nabc", "zz\r\nabc") + get("/2"),
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" +
      get("/2"),
    `POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 3\r\n\r\nabc${get("/2")}`,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n${get("/2")}`,
    `POST / HTTP/1.1\r\nHost: a\r\n\r\n${get("/2")}`,
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nGET /0cl HTTP/1.1\r\nHost: a\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${get("/x").length}\r\n\r\n${get("/x")}${get("/2")}`,
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "PRI / HTTP/1.1\r\n\r\n",
    "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03abcdefghij",
    "\x80\x2e\x01\x03\x01",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "\0\x01\x02\x03",
    '{"json":1}\r\n\r\n',
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    `CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n${get("/2")}`,
    `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${get("/2")}`,
    `${get("/1")}\r\n${post("/2")}\r\n\r\n${chunks("/3")}`,
    `${host}${get("/1")}`,
    "GET / HTTP/1.1\r\n\r\nHost: a\r\n\r\n",
    `TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${get("/2")}`,
    "",
    "\r\n",
    "G",
    "GET / HTTP/1.1\r\nHost: a\r\n",
  ];
}

function limits(): readonly string[] {
  const padded = (bytes: number) => `GET / HTTP/1.1\r\n${host}X: ${"y".repeat(bytes)}\r\n\r\n`;
  const rest = padded(0).length - 4;
  return [
    `GET /${"y".repeat(8_191)} HTTP/1.1\r\n${host}\r\n`,
    `GET /${"y".repeat(8_192)} HTTP/1.1\r\n${host}\r\n`,
    `GET /${"y".repeat(17_000)} HTTP/1.1\r\n${host}\r\n`,
    `GET / HTTP/1.1\r\n${host}${"X: y\r\n".repeat(99)}\r\n`,
    `GET / HTTP/1.1\r\n${host}${"X: y\r\n".repeat(100)}\r\n`,
    padded(16_384 - rest),
    padded(16_385 - rest),
    padded(20_000),
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1;${"e".repeat(16_000)}\r\na\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1;${"e".repeat(17_000)}\r\na\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\nX: ${"t".repeat(8_000)}\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\nX: ${"t".repeat(9_000)}\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 9000\r\n\r\n${"b".repeat(9_000)}`,
  ];
}
