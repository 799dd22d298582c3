import { expect, test } from "vitest";
import { trendOf } from "./memory-trend.ts";
import { seededRandom } from "./seeded-random.ts";

/** A sample a second: it settles in the first minute, then swings as a collector makes it. */
function run(seconds: number, growth: (second: number) => number) {
  const random = seededRandom(7);
  return Array.from({ length: seconds }, (_, second) => ({
    atMs: second * 1000,
    mib: 80 + Math.min(second, 40) + 12 * random() + growth(second),
  }));
}

test("a run that settles within a minute and then swings has not grown", () => {
  const { settled, last } = trendOf(run(480, () => 0));
  expect(Math.abs(last - settled)).toBeLessThan(3);
});

test("two bytes for each of 10 million requests show, under the swing of the collector", () => {
  const leaked = (2 * 10_000_000) / 2 ** 20;
  const { settled, last } = trendOf(run(480, (second) => (leaked * second) / 480));
  expect(last - settled).toBeGreaterThan(10);
});

test("a short run is judged by its last tenth beside its second third", () => {
  const { settled, last } = trendOf(run(30, (second) => second));
  expect(last - settled).toBeGreaterThan(10);
});
