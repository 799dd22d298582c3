import fc from "fast-check";
import { expect, test } from "vitest";
import { places, WeightedTurns } from "./weighted-turns.ts";

/** Shares in parts of a thousand that sum to it, for revisions 1, 2, 3. */
const shares = fc
  .tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 1_000 }))
  .map(([a, b]) => [Math.min(a, b), Math.abs(a - b), 1_000 - Math.max(a, b)]);
const phase = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function weightsOf(mille: readonly number[]) {
  // As a file has them: 99.9 and 0.1 do not sum to 100 in floating point when they are added up.
  return mille.map((m, i) => ({ revision: i + 1, weight: m / 10 }));
}

function count(turns: WeightedTurns, n: number): number[] {
  const counts = [0, 0, 0];
  for (let i = 0; i < n; i += 1) {
    const revision = turns.next() ?? 0;
    counts[revision - 1] = (counts[revision - 1] ?? 0) + 1;
  }
  return counts;
}

test("any thousand turns in a row split exactly as the weights say, wherever they begin", () => {
  fc.assert(
    fc.property(shares, phase, (mille, begin) => {
      expect(count(new WeightedTurns(weightsOf(mille), begin), 1_000)).toEqual(mille);
    }),
  );
});

test("workers that take one turn each do not all begin with the same side", () => {
  const weights = weightsOf([950, 50]);
  const counts = [0, 0];
  for (let i = 0; i < 1_000; i += 1) {
    const first = new WeightedTurns(weights, i / 1_000).next() ?? 0;
    counts[first - 1] = (counts[first - 1] ?? 0) + 1;
  }
  expect(counts).toEqual([950, 50]);
});

test("no side comes in bursts: half and half alternates", () => {
  const turns = new WeightedTurns(weightsOf([500, 500]), 0);
  const first = Array.from({ length: 6 }, () => turns.next());
  expect(first).toEqual([2, 1, 2, 1, 2, 1]);
});

test("places split exactly as the weights say, to 0.1 %", () => {
  fc.assert(
    fc.property(shares, (mille) => {
      const turns = new WeightedTurns(weightsOf(mille), 0);
      const counts = [0, 0, 0];
      for (let place = 0; place < places; place += 1) {
        const revision = turns.at(place) ?? 0;
        counts[revision - 1] = (counts[revision - 1] ?? 0) + 1;
      }
      expect(counts).toEqual(mille.map((m) => m * 10));
    }),
    { numRuns: 20 },
  );
});

test("as the newer side grows no place leaves it, in whatever order the weights are said", () => {
  const mille = fc.integer({ min: 0, max: 1_000 });
  fc.assert(
    fc.property(mille, mille, fc.boolean(), (a, b, isTurned) => {
      const before = weightsOf([1_000 - Math.min(a, b), Math.min(a, b)]);
      const after = weightsOf([1_000 - Math.max(a, b), Math.max(a, b)]);
      const small = new WeightedTurns(before, 0);
      const large = new WeightedTurns(isTurned ? after.reverse() : after, 0);
      for (let place = 0; place < places; place += 7) {
        if (small.at(place) === 2) expect(large.at(place)).toBe(2);
      }
    }),
    { numRuns: 50 },
  );
});
