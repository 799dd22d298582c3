import { describe, expect, it } from "vitest";
import { countOf, limitsOf } from "./rounding.ts";

describe("limits of a pace", () => {
  it("are those of Kubernetes for 25 % and 25 % of 1 to 10", () => {
    const limits = Array.from({ length: 10 }, (_, i) => {
      const { maxTotal, minAvailable } = limitsOf({ surge: "25%", unavailable: "25%" }, i + 1);
      return [i + 1, maxTotal - i - 1, i + 1 - minAvailable];
    });
    expect(limits).toEqual([
      [1, 1, 0],
      [2, 1, 0],
      [3, 1, 0],
      [4, 1, 1],
      [5, 2, 1],
      [6, 2, 1],
      [7, 2, 1],
      [8, 2, 2],
      [9, 3, 2],
      [10, 3, 2],
    ]);
  });

  it.each([
    [0, 0],
    ["0%", "0%"],
    [0, "10%"],
  ] as const)("allow one unavailable when %s and %s both come to nothing", (surge, unavailable) => {
    expect(limitsOf({ surge, unavailable }, 5)).toEqual({ maxTotal: 5, minAvailable: 4 });
  });

  it("are twice as many, and none, for 100 %", () => {
    expect(limitsOf({ surge: "100%", unavailable: "100%" }, 4)).toEqual({
      maxTotal: 8,
      minAvailable: 0,
    });
  });

  it("never ask for fewer than none", () => {
    expect(limitsOf({ surge: 0, unavailable: 5 }, 2).minAvailable).toBe(0);
  });

  it("are exact where binary fractions are not", () => {
    expect(limitsOf({ surge: "7%", unavailable: "29%" }, 100)).toEqual({
      maxTotal: 107,
      minAvailable: 71,
    });
  });
});

describe("a count", () => {
  it("rounds a share up, so that a share above nothing is never nobody", () => {
    expect([1, 3, 20, 21].map((n) => countOf({ kind: "share", of: 0.05 }, n, 0))).toEqual([
      1, 1, 1, 2,
    ]);
    expect(countOf({ kind: "share", of: 0.07 }, 100, 0)).toBe(7);
    expect(countOf({ kind: "share", of: 0 }, 100, 3)).toBe(0);
  });

  it("may be fixed, or what it is", () => {
    expect(countOf({ kind: "fixed", n: 2 }, 10, 5)).toBe(2);
    expect(countOf({ kind: "keep" }, 10, 5)).toBe(5);
  });
});
