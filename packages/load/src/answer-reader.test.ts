import { expect, test } from "vitest";
import { type Answer, AnswerReader } from "./answer-reader.ts";

const wholeAnswers = {
  "a length": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  chunks:
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=1\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
  "chunks and trailers":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
  "an interim answer before it":
    "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
};

test.each(Object.entries(wholeAnswers))(
  "reads an answer with %s, however it is cut",
  (_what, text) => {
    const bytes = Buffer.from(text);
    for (let cut = 1; cut < bytes.length; cut++) {
      const reader = new AnswerReader();
      expect(reader.push(bytes.subarray(0, cut))).toBeNull();
      expect(reader.push(bytes.subarray(cut))).toEqual(answer({ body: "hello" }));
    }
  },
);

test("reads an answer byte by byte from a buffer that is reused", () => {
  for (const text of Object.values(wholeAnswers)) {
    const reader = new AnswerReader();
    const reused = Buffer.alloc(1);
    let last: Answer | null = null;
    for (const byte of Buffer.from(text)) {
      reused[0] = byte;
      last = reader.push(reused);
    }
    expect(last).toEqual(answer({ body: "hello" }));
  }
});

test("ends an answer without a length with its connection", () => {
  const reader = new AnswerReader();
  expect(reader.push(Buffer.from("HTTP/1.0 200 OK\r\n\r\nhel"))).toBeNull();
  expect(reader.push(Buffer.from("lo"))).toBeNull();
  expect(reader.end()).toEqual(answer({ body: "hello", reusable: false }));
});

test("has no answer when the connection ends inside a body of known length", () => {
  for (const text of Object.values(wholeAnswers)) {
    const reader = new AnswerReader();
    reader.push(Buffer.from(text).subarray(0, -1));
    expect(reader.began).toBe(true);
    expect(reader.end()).toBeNull();
  }
});

test.each([
  ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false],
  ["HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", true],
  ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false],
  ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true],
  ["HTTP/1.1 204 No Content\r\n\r\n", true],
  ["HTTP/1.1 204 No Content\r\n\r\nsurplus", false],
])("knows whether the connection lives on after %j", (text, reusable) => {
  expect(new AnswerReader().push(Buffer.from(text))?.reusable).toBe(reusable);
});

test.each([
  "HTTP/2 200\r\n\r\n",
  "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
])("refuses %j", (text) => {
  expect(() => new AnswerReader().push(Buffer.from(text))).toThrow(SyntaxError);
});

function answer(fields: Partial<Answer>): Answer {
  return { status: 200, reason: null, reusable: true, body: "", surplusBytes: 0, ...fields };
}
