import { expect, test } from "vitest";
import { counted } from "./counted.ts";

test.each([
  [0, "0 requests"],
  [1, "1 request"],
  [1200, "1,200 requests"],
])("%s", (count, said) => {
  expect(counted(count, "request")).toBe(said);
});
