import { expect, test } from "vitest";
import { broken, ChunkedEnd, more } from "./chunked-end.ts";

function inPieces(text: string, size: number): number {
  const data = Buffer.from(text, "latin1");
  const chunks = new ChunkedEnd();
  for (let at = 0; at < data.length; at += size) {
    const end = chunks.scan(data.subarray(at, at + size), 0);
    if (end !== more) return end < 0 ? end : at + end;
  }
  return more;
}

const sizes = [1, 2, 3, 7, 1_000];

test.each([
  "0\r\n\r\n",
  "3\r\nabc\r\n0\r\n\r\n",
  "A\r\n0123456789\r\n00\r\n\r\n",
  '3;name=value;q="x y"\r\nabc\r\n0\r\n\r\n',
  '3;a;b="\\"\x80";c\r\nabc\r\n0;last\r\n\r\n',
  "3\r\n\r\n\r\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n",
])("finds the end of %j however it is cut, and leaves what follows", (body) => {
  for (const size of sizes) expect(inPieces(`${body}GET /`, size)).toBe(body.length);
});

test.each([
  ["no size", "\r\n"],
  ["a bad digit", "g\r\n"],
  ["a prefix", "0x3\r\nabc\r\n"],
  ["a sign", "+3\r\nabc\r\n"],
  ["a space before the size", " 3\r\nabc\r\n"],
  ["a space after the size", "3 \r\nabc\r\n"],
  ["a bare LF after the size", "3\nabc\r\n"],
  ["a bare CR in the size line", "3\rx\nabc\r\n"],
  ["a size beyond 2^48", "1000000000001\r\n"],
  ["endless zeros", "00000000000000000003\r\nabc\r\n"],
  ["a control character in an extension", "3;a\0\r\nabc\r\n"],
  ["a LF in an extension", "3;a\nabc\r\n"],
  ["an extension without a name", "3;\r\nabc\r\n"],
  ["an extension without a value", "3;a=\r\nabc\r\n"],
  ["a blank before an extension", "3; a\r\nabc\r\n"],
  ["a blank within an extension", "3;a b\r\nabc\r\n"],
  ["a quote that is not closed", '3;a="b\r\nabc\r\n'],
  ["text after a quote", '3;a="b"c\r\nabc\r\n'],
  ["an endless extension", `3;${"a".repeat(20_000)}\r\n`],
  ["data longer than its size", "3\r\nabcd\r\n0\r\n\r\n"],
  ["a LF alone after the data", "3\r\nabc\n0\r\n\r\n"],
  ["an endless trailer", `0\r\nX: ${"a".repeat(9_000)}`],
  ["a folded trailer", "0\r\nX: a\r\n b\r\n\r\n"],
  ["a bare LF in the trailer", "0\r\nX: a\nY: b\r\n\r\n"],
  ["a length in the trailer", "0\r\nContent-Length: 3\r\n\r\n"],
  ["a coding in the trailer", "0\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["a host in the trailer", "0\r\nX: y\r\nhost: a\r\n\r\n"],
  ["the end of the connection in the trailer", "0\r\nConnection: close\r\n\r\n"],
  ["what never passes in the trailer", "0\r\nHTTP2-Settings: x\r\n\r\n"],
  ["who asked in the trailer", "0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"],
])("refuses %s", (_name, body) => {
  for (const size of sizes) expect(inPieces(body, size)).toBe(broken);
});

test.each([
  ["a blank before the colon", "X ", ": y\r\n\r\n"],
  ["a bare CR", "X: y\rZ", ": y\r\n\r\n"],
  ["a length", "Content-Length:", " 3\r\n\r\n"],
])("refuses a trailer with %s before its end has come", (_name, begun, rest) => {
  const chunks = new ChunkedEnd();
  expect(chunks.scan(Buffer.from(`0\r\n${begun}`), 0)).toBe(broken);
  expect(new ChunkedEnd().scan(Buffer.from(`0\r\n${begun}${rest}`), 0)).toBe(broken);
});
