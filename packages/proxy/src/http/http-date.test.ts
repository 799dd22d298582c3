import { expect, test } from "vitest";
import { httpDate } from "./http-date.ts";

test("is written as RFC 9110 wants it, and follows the clock both ways, second by second", () => {
  const at = Date.UTC(1994, 10, 6, 8, 49, 37);
  expect(httpDate(at + 999)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
  expect(httpDate(at + 1_000)).toBe("Sun, 06 Nov 1994 08:49:38 GMT");
  expect(httpDate(at)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
});
