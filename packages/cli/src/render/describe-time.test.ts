import { expect, it } from "vitest";
import { describeTime } from "./describe-time.ts";

it.each([
  [-5, "0 s"],
  [1, "1 s"],
  [59_400, "1 min"],
  [372_000, "6 min 12 s"],
  [7_500_000, "2 h 5 min"],
  [273_600_000, "3 d 4 h"],
])("says %i ms as %s", (ms, text) => {
  expect(describeTime(ms)).toBe(text);
});
