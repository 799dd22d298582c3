import { expect, test } from "vitest";
import { parseResponseHead } from "./response-head.ts";

test.each([
  ["both lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n"],
  ["another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n"],
  ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n"],
  ["a 1xx of HTTP/1.0", "HTTP/1.0 103 Early Hints\r\nConnection: keep-alive\r\n"],
  [
    "101 of HTTP/1.0",
    "HTTP/1.0 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
  ],
  ["a folded line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n"],
  ["a bare LF", "HTTP/1.1 200 OK\r\nX: a\nY: b\r\n"],
  ["space before the colon", "HTTP/1.1 200 OK\r\nX : a\r\n"],
  ["HTTP/2", "HTTP/2.0 200 OK\r\n"],
  ["a short status", "HTTP/1.1 20 OK\r\n"],
  ["another protocol", "SSH-2.0-OpenSSH\r\n"],
  ["a NUL in the reason", "HTTP/1.1 200 O\0K\r\n"],
])("refuses %s", (_name, text) => {
  expect(parseResponseHead(text, false)).toBeNull();
});

test.each([
  ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", false, "length", true],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n", false, "chunked", true],
  ["HTTP/1.1 200 OK\r\n", false, "eof", false],
  ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", true, "none", true],
  ["HTTP/1.1 204 No Content\r\n", false, "none", true],
  ["HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n", false, "none", true],
  ["HTTP/1.0 200 OK\r\nContent-Length: 3\r\n", false, "length", false],
  ["HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n", false, "length", true],
  ["HTTP/1.1 200\r\nContent-Length: 3\r\nConnection: close\r\n", false, "length", false],
])("%j (to HEAD: %s) has framing %s, keeps the connection: %s", (...row) => {
  const [text, toHead, framing, keepAlive] = row;
  expect(parseResponseHead(text, toHead)).toMatchObject({ framing, keepAlive });
});

/** What a client gets of an answer: its own bytes where they may pass, and as it is rewritten. */
function forwarded(text: string): { readonly passing: string; readonly rewritten: string } {
  const head = parseResponseHead(text, false);
  const message = Buffer.from(`${text}\r\nbody`, "latin1");
  return {
    passing: head?.passing(message).toString("latin1") ?? "",
    rewritten: head?.rewritten("Connection: close\r\n") ?? "",
  };
}

test("strips what is meant for this connection only, wherever it stands", () => {
  const { passing, rewritten } = forwarded(
    "HTTP/1.1 200 Fine\r\nX-Hop: 1\r\nServer: x\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=7, max=3\r\nSet-Cookie: a\r\nContent-Length: 4\r\nTE: x\r\n",
  );
  const kept = "HTTP/1.1 200 Fine\r\nServer: x\r\nSet-Cookie: a\r\nContent-Length: 4\r\n";
  expect(passing).toBe(`${kept}\r\nbody`);
  expect(rewritten).toBe(`${kept}Connection: close\r\n\r\n`);
});

test("passes an untouched head as the very bytes that came, keep-alive included", () => {
  const text = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n";
  expect(forwarded(text).passing).toBe(`${text}\r\nbody`);
  expect(forwarded(text).rewritten).toBe(
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n",
  );
});

test("knows how long the replica keeps the connection, and a stream of events", () => {
  const head = parseResponseHead(
    "HTTP/1.0 200 OK\r\nKeep-Alive: timeout=7, max=3\r\nContent-Type: text/event-stream; charset=utf-8\r\n",
    false,
  );
  expect(head?.keepAliveSeconds).toBe(7);
  expect(head?.eventStream).toBe(true);
  expect(head?.mayPass).toBe(false);
});

test("a replica cannot pass its answer off as the proxy's own", () => {
  const { passing } = forwarded(
    "HTTP/1.1 503 No\r\nx-hitless-reason: no-replica\r\nForwarded: x\r\nContent-Length: 4\r\n",
  );
  expect(passing).toBe("HTTP/1.1 503 No\r\nForwarded: x\r\nContent-Length: 4\r\n\r\nbody");
});

test.each([
  ["Connection: Upgrade\r\nUpgrade: websocket\r\n", true],
  ["Upgrade: websocket\r\n", false],
  ["Connection: Upgrade\r\n", false],
  ["Connection: Upgrade\r\nUpgrade: ,\r\n", false],
  ["", false],
])("101 with %j changes the protocol: %s", (lines, switches) => {
  expect(parseResponseHead(`HTTP/1.1 101 Switching Protocols\r\n${lines}`, false)).toMatchObject({
    switches,
  });
});

test("a 101 is written anew, without what is meant for the proxy alone", () => {
  const head = parseResponseHead(
    "HTTP/1.1 101 Yes\r\nUpgrade: chat\r\nX-Hitless-Reason: cut\r\nConnection: X-Hop, upgrade\r\nX-Hop: 1\r\nX: y\r\n",
    false,
  );
  expect(head?.switching).toBe(
    "HTTP/1.1 101 Yes\r\nX: y\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n",
  );
});

test.each([
  ["HTTP/1.1 103 Early Hints\r\nLink: x\r\n", true],
  ["HTTP/1.1 100 Continue\r\nConnection: close\r\n", false],
  ["HTTP/1.1 199 x\r\nContent-Length: 3\r\n", false],
  ["HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n", false],
])("%j is a 1xx after which everybody reads on: %s", (text, isPlainInterim) => {
  expect(parseResponseHead(text, false)).toMatchObject({ isPlainInterim });
});

test("Proxy-Connection ends a connection and keeps none", () => {
  const keepAlive = (line: string) =>
    parseResponseHead(`${line}\r\nContent-Length: 0\r\n`, false)?.keepAlive;
  expect(keepAlive("HTTP/1.1 200 OK\r\nProxy-Connection: x, Close")).toBe(false);
  expect(keepAlive("HTTP/1.1 200 OK\r\nProxy-Connection: closed")).toBe(true);
  expect(keepAlive("HTTP/1.0 200 OK\r\nProxy-Connection: keep-alive")).toBe(false);
});
