import fc from "fast-check";
import { expect, test } from "vitest";
import { changed, changesBetween } from "./change.ts";

/** As a trace holds it: JSON knows no -0. */
const json = fc.json({ maxDepth: 4 }).map((text): unknown => plain(JSON.parse(text)));

test("what is changed by the changes between two values is the second of them", () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const changes = JSON.parse(JSON.stringify(changesBetween(before, after)));
      expect(changed(before, changes)).toEqual(after);
    }),
  );
});

test("names only the places that differ, and those that are gone", () => {
  const before = { a: { b: 1, c: [1, 2], d: null }, e: 5 };
  const after = { a: { b: 1, c: [1, 3], d: null, f: "new" } };
  expect(changesBetween(before, after)).toEqual([
    [["a", "c", "1"], 3],
    [["a", "f"], "new"],
    [["e"]],
  ]);
  expect(changesBetween(after, after)).toEqual([]);
});

test("an array of another length is replaced as a whole", () => {
  expect(changesBetween({ a: [1] }, { a: [1, 2] })).toEqual([[["a"], [1, 2]]]);
});

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
