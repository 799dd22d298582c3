import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Evidence, noEvidence, wealth, withDraws } from "./evidence.ts";

/** ln of n over k. */
function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i += 1) sum += Math.log((n - k + i) / i);
  return sum;
}

/** What the wealth is expected to be after `draws`, by how likely each outcome is. */
function expectedWealth(
  evidence: Evidence,
  { chance, likely }: { chance: number; likely: readonly number[] },
): number {
  const span = { from: 50, to: 60 };
  return likely.reduce((sum, p, against) => {
    const after = withDraws(evidence, { draws: likely.length - 1, against, chance }, span);
    return sum + p * Math.exp(wealth(after, span.to));
  }, 0);
}

describe("the evidence", () => {
  const before = withDraws(noEvidence, { draws: 7, against: 2, chance: 0.1 }, { from: 0, to: 50 });
  const held = Math.exp(wealth(before, 50));

  it("is a wealth of 1 at first, with the reserve", () => {
    expect(wealth(noEvidence, 0)).toBeCloseTo(0, 12);
  });

  it("is not expected to grow in an interval in which the canary is as bad as it may be", () => {
    const cases = fc.record({
      draws: fc.integer({ min: 0, max: 40 }),
      percent: fc.integer({ max: 99, min: 0 }),
    });
    fc.assert(
      fc.property(cases, ({ draws, percent }) => {
        const chance = percent / 100;
        const likely = Array.from(
          { length: draws + 1 },
          (_, k) => Math.exp(logChoose(draws, k)) * chance ** k * (1 - chance) ** (draws - k),
        );
        expect(expectedWealth(before, { chance, likely })).toBeCloseTo(held, 9);
      }),
      { numRuns: 50 },
    );
  });

  it("is expected to shrink when the bad ones are drawn without replacement from both sides", () => {
    const side = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(
        fc.record({ canary: side, stable: side, bad: fc.integer({ min: 1, max: 60 }) }),
        (n) => {
          const all = n.canary + n.stable;
          const bad = Math.min(n.bad, all);
          const likely = Array.from({ length: bad + 1 }, (_, k) =>
            k > n.canary || bad - k > n.stable
              ? 0
              : Math.exp(
                  logChoose(n.canary, k) + logChoose(n.stable, bad - k) - logChoose(all, bad),
                ),
          );
          expect(likely.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
          const expected = expectedWealth(before, { chance: n.canary / all, likely });
          expect(expected).toBeLessThanOrEqual(held * (1 + 1e-9));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("grows with each draw against the canary and shrinks with each other one", () => {
    const odds = (against: number) =>
      wealth(withDraws(before, { draws: 10, against, chance: 0.2 }, { from: 50, to: 60 }), 60);
    for (let against = 1; against <= 10; against += 1) {
      expect(odds(against)).toBeGreaterThan(odds(against - 1));
    }
  });

  it("forgets neither: a canary that turns bad after 10,000 good requests is found out soon", () => {
    const good = { draws: 100, against: 10, chance: 0.1 };
    const long = withDraws(noEvidence, good, { from: 0, to: 10_000 });
    const bad = { draws: 12, against: 12, chance: 0.1 };
    expect(wealth(withDraws(long, bad, { from: 10_000, to: 10_100 }), 10_100)).toBeGreaterThan(5);
  });
});
