import fc from "fast-check";
import { expect, test } from "vitest";
import { readReceipt } from "../shapes/drain-receipt-shape.ts";
import { exampleReceipt } from "../testing/example-receipt.ts";
import { addDrains, type DrainTotals, drainsBetween, drainsOf, noDrains } from "./drains.ts";

const count = fc.nat({ max: 9 });
const totals: fc.Arbitrary<DrainTotals> = fc.record({
  receipts: count,
  inFlight: count,
  served: count,
  finished: count,
  cut: count,
  streams: fc.record({ ended: count, cut: count }),
  hung: fc.dictionary(
    fc.constantFrom("GET /a", "GET /b", "others"),
    fc.integer({ min: 1, max: 9 }),
  ),
});

test("what came between two sums is what was added", () => {
  fc.assert(
    fc.property(totals, totals, (before, more) => {
      expect(drainsBetween(before, addDrains(before, more))).toEqual(more);
    }),
  );
});

test("a receipt counts each request that hung by its route", () => {
  const request = { method: "GET", route: "/slow", seconds: 9 };
  const said = readReceipt(JSON.stringify({ ...exampleReceipt, cut: 2, hung: [request, request] }));
  if (said.kind !== "receipt") throw new Error("not read");
  const once = drainsOf(said.receipt);
  expect(once).toMatchObject({ receipts: 1, finished: 12, cut: 2, hung: { "GET /slow": 2 } });
  expect(addDrains(once, once).hung).toEqual({ "GET /slow": 4 });
});

test("ten routes are told apart, however many there are", () => {
  const hung = (n: number) => ({ ...noDrains, hung: { [`GET /orders/${n}`]: 1 } });
  let sum: DrainTotals = noDrains;
  for (let n = 0; n < 50; n += 1) sum = addDrains(sum, hung(n));
  sum = addDrains(sum, hung(3));
  expect(Object.keys(sum.hung)).toHaveLength(11);
  expect(sum.hung).toMatchObject({ "GET /orders/3": 2, others: 40 });
});
