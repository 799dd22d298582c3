import { expect, it } from "vitest";
import { lineOf } from "./line.ts";
import { plain } from "./paint.ts";

it.each([
  ["a release", 9, "a release"],
  ["a release", 8, "a relea…"],
  ["リリース", 8, "リリース"],
  ["リリース", 7, "リリー…"],
  ["リリース", 6, "リリ…"],
  ["🚀🚀", 3, "🚀…"],
  ["Zu\u0308rich", 6, "Zu\u0308rich"],
  ["release", 0, ""],
])("cuts %s to %d columns as a terminal counts them", (text, width, line) => {
  expect(lineOf([text], { width, paint: plain })).toBe(line);
});
