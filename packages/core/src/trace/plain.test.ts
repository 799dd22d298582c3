import { expect, test } from "vitest";
import { nameOf, plainOf } from "./plain.ts";

const probe = {
  probe: "readiness",
  ok: false,
  evidence: 'GET /ready → 503 "token=s3cret"',
  at: 7,
} as const;

test("nothing that an app said is in it: no log line, no body of an answer, no error", () => {
  const plain = plainOf({
    lastLogLines: { "1-1": ["password s3cret", "ok"] },
    evidence: { probe, lastLogLines: ["s3cret"], exit: { kind: "notStarted", error: "s3cret" } },
    why: { because: "exec said s3cret" },
  });
  expect(JSON.stringify(plain)).not.toContain("s3cret");
  expect(plain).toMatchObject({
    lastLogLines: { "1-1": ["(15 characters)", "(2 characters)"] },
    evidence: { probe: { evidence: "GET /ready → 503", at: 7 } },
  });
});

test("what is plain already stays as it is", () => {
  const plain = plainOf({ lastLogLines: ["one"], evidence: "two", probe });
  expect(plainOf(plain)).toEqual(plain);
});

test("a name depends on what is there, not on the order of keys", () => {
  expect(nameOf({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(nameOf({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(nameOf({ a: 1 })).not.toBe(nameOf({ a: 2 }));
});
