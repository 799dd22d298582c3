import fc from "fast-check";
import { expect, test } from "vitest";
import { EventBoundary } from "./event-boundary.ts";

const piece = fc.constantFrom("\n", "\r", "\r\n", ":", "a", "data: x", ": ping");
const stream = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(""));

/** As the HTML standard reads it: whether a client that saw `text` and the end has lost nothing. */
function complete(text: string): boolean {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.pop() !== "") return false;
  const after = lines.slice(lines.lastIndexOf("") + 1);
  return after.every((line) => line.startsWith(":"));
}

test("a boundary is where a client that knows the standard has lost nothing", () => {
  fc.assert(
    fc.property(stream, (text) => {
      const boundary = new EventBoundary();
      for (const [at, byte] of Buffer.from(text).entries()) {
        boundary.take(Buffer.from([byte]), 0, 1);
        const so = text.slice(0, at + 1);
        expect([so, boundary.here]).toEqual([so, complete(so)]);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("the first boundary is found, however the bytes are cut", () => {
  fc.assert(
    fc.property(stream, fc.nat(60), fc.nat(60), (text, one, other) => {
      const data = Buffer.from(text);
      const boundary = new EventBoundary();
      const edges = [one, other, data.length]
        .map((edge) => Math.min(edge, data.length))
        .sort((a, b) => a - b);
      let [from, found] = [0, -1];
      for (const edge of edges) {
        found = boundary.find(data, from, edge);
        if (found >= 0) break;
        from = edge;
      }
      const first = Array.from(data.keys(), (at) => at + 1).find((at) =>
        complete(text.slice(0, at)),
      );
      // The LF of a CR LF that came along belongs to it.
      const whole = first !== undefined && found === first + 1 && text[first] === "\n";
      expect(whole ? first : found).toBe(first ?? -1);
    }),
    { numRuns: 2_000 },
  );
});

test("behind a CR a LF is still missing, behind a CR LF it is not", () => {
  const seen = ["data: a\r\r", "data: a\r\n\r", "data: a\r\n\r\n", "data: a\n\n"].map((text) => {
    const boundary = new EventBoundary();
    boundary.take(Buffer.from(text), 0, text.length);
    return [boundary.here, boundary.needsLf];
  });
  expect(seen).toEqual([
    [true, true],
    [true, true],
    [true, false],
    [true, false],
  ]);
});
