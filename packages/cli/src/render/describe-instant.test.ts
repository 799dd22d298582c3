import { expect, it } from "vitest";
import { describeInstant } from "./describe-instant.ts";

it("says the second, in UTC", () => {
  expect(describeInstant(Date.UTC(2026, 10, 21, 15, 20, 11, 999))).toBe("2026-11-21T15:20:11Z");
});
