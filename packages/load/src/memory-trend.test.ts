import { expect, test } from "vitest";
import { trendOf } from "./memory-trend.ts";
import { seededRandom } from "./seeded-random.ts";

/** A sample a second: it settles in the first minute, then swings as a collector makes it. */
function run(seconds: number, growth: (second: number) => number) {
  const random = seededRandom(7);
  const samples = Array.from({ length: seconds }, (_, second) => ({
    atMs: second * 1000,
    mib: 80 + Math.min(second, 40) + (second % 25) + 4 * random() + growth(second),
  }));
  const { settled, last } = trendOf(samples);
  return last - settled;
}

/** MiB so far, when so much is leaked for each of 10 million requests in 480 s. */
function leak(bytes: number) {
  return (second: number) => (bytes * 10_000_000 * second) / 480 / 2 ** 20;
}

test("a run that settles within a minute and then swings has not grown", () => {
  expect(Math.abs(run(480, () => 0))).toBeLessThan(3);
});

test("the smallest object, 16 bytes, for each of 10 million requests shows under the swing of the collector", () => {
  expect(run(480, leak(16))).toBeGreaterThan(40);
});

test("it also shows when much is given back in the middle of the run", () => {
  const givenBack = (second: number) => (second < 150 ? 60 : 0);
  expect(run(480, (second) => leak(16)(second) + givenBack(second))).toBeGreaterThan(40);
});

test("a short run is judged by its last quarter", () => {
  expect(run(80, (second) => second)).toBeGreaterThan(10);
});
