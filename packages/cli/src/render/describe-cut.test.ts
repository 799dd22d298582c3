import { noDrains } from "@hitless/core";
import { expect, it } from "vitest";
import { describeCut } from "./describe-cut.ts";

it.each([
  [undefined, ""],
  [{ ...noDrains, receipts: 4, finished: 12, streams: { ended: 2, cut: 0 } }, ""],
  [{ ...noDrains, cut: 1 }, "; drains cut 1 request"],
  [
    { ...noDrains, cut: 3, streams: { ended: 0, cut: 1200 }, hung: { "GET /slow": 2 } },
    "; drains cut 3 requests and 1,200 streams (GET /slow 2)",
  ],
])("tells %j", (totals, text) => {
  expect(describeCut(totals)).toBe(text);
});
