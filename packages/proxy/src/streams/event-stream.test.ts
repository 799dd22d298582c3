import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkedEnd } from "../http/chunked-end.ts";
import { EventStream } from "./event-stream.ts";

type Framing = "chunked" | "eof";

const framing = fc.constantFrom<Framing>("chunked", "eof");
/** Pieces as an app writes them; few of them whole events. */
const writes = fc.array(
  fc.constantFrom(
    "data: a\n\n",
    "data: b\n",
    "\n",
    "id: 7\r\n",
    "\r\n",
    ": ping\n",
    "data: ",
    "c\r\r",
    "\r",
  ),
  { minLength: 1, maxLength: 12 },
);

function bodyOf(parts: readonly string[], as: Framing): Buffer {
  if (as === "eof") return Buffer.from(parts.join(""));
  return Buffer.from(
    parts.map((part) => `${part.length.toString(16)};x=1\r\n${part}\r\n`).join(""),
  );
}

/** The data of a body; null when that is no complete, well-formed one. */
function decoded(body: Buffer, as: Framing): string | null {
  if (as === "eof") return body.toString();
  const chunks = new ChunkedEnd();
  let text = "";
  for (let at = 0; at < body.length; ) {
    const { inData } = chunks;
    const to = chunks.advance(body, at);
    if (to < 0) return null;
    if (inData) text += body.toString("utf8", at, to);
    at = to;
    if (chunks.ended) return at === body.length ? text : null;
  }
  return null;
}

/** Whether no event is begun at the end of it. */
function complete(text: string): boolean {
  const lines = text.split(/\r\n|\n|\r/);
  return (
    lines.pop() === "" &&
    lines.slice(lines.lastIndexOf("") + 1).every((line) => line.startsWith(":"))
  );
}

/** Passes `body` in pieces and asks for the end before the piece at `askAt`. */
function endedAt(
  body: Buffer,
  as: Framing,
  how: { readonly size: number; readonly askAt: number },
) {
  const stream = new EventStream(as);
  const sent: Buffer[] = [];
  let asked = false;
  for (let at = 0; ; at += how.size) {
    if (!asked && at >= how.askAt) {
      asked = true;
      const end = stream.end();
      if (end !== null) return Buffer.concat([...sent, ...end]);
    }
    if (at >= body.length) return null;
    const piece = body.subarray(at, at + how.size);
    if (asked) {
      const { bytes, ended } = stream.passUntilEnd(piece);
      sent.push(...bytes);
      if (ended) return Buffer.concat(sent);
    } else {
      stream.pass(piece);
      sent.push(piece);
    }
  }
}

test("wherever it is asked to end, what the client has is whole events in a complete body", () => {
  fc.assert(
    fc.property(writes, framing, fc.integer({ min: 1, max: 9 }), (parts, as, size) => {
      const body = bodyOf(parts, as);
      for (let askAt = 0; askAt <= body.length; askAt += 1) {
        const ended = endedAt(body, as, { size, askAt });
        if (ended === null) continue;
        const text = decoded(ended, as) ?? "no valid body";
        const [all, had] = [parts.join(""), text.replace(/\r\n$/, "\r")];
        expect(complete(text)).toBe(true);
        expect(all.startsWith(text) || all.startsWith(had)).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

test("what was promised as one chunk is sent whole, then it ends behind the first event", () => {
  const stream = new EventStream("chunked");
  const first = bodyOf(["data: a\n\nda"], "chunked");
  stream.pass(first.subarray(0, 12));
  expect(stream.end()).toBeNull();
  const rest = [first.subarray(12), bodyOf(["ta: b\n\ndata: c\n\n"], "chunked")];
  const { bytes, ended } = stream.passUntilEnd(Buffer.concat(rest));
  const sent = Buffer.concat([first.subarray(0, 12), ...bytes]);
  expect([ended, decoded(sent, "chunked")]).toEqual([true, "data: a\n\ndata: b\n\n"]);
});

test("at the end of an event, between two chunks, it ends at once", () => {
  const stream = new EventStream("chunked");
  stream.pass(bodyOf(["data: a\n\n: ping\n"], "chunked"));
  expect(Buffer.concat([...(stream.end() ?? [])]).toString()).toBe("0\r\n\r\n");
});

test("a body that ends by itself first is complete", () => {
  const body = Buffer.concat([
    bodyOf(["data: a", "b"], "chunked"),
    Buffer.from("0\r\nX: y\r\n\r\n"),
  ]);
  for (let askAt = 1; askAt < body.length; askAt += 1) {
    for (const size of [1, 5, body.length]) {
      const sent = endedAt(body, "chunked", { size, askAt });
      if (sent !== null) expect(decoded(sent, "chunked")).toBe("data: ab");
    }
  }
  expect(endedAt(body, "chunked", { size: 4, askAt: 3 })).not.toBeNull();
});
