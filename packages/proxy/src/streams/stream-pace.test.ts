import fc from "fast-check";
import { expect, test } from "vitest";
import { StreamPace } from "./stream-pace.ts";

/** Ends `count` streams in steps of `stepMs`; when each of them ended, from 0 to 1 of the window. */
function endsOf(count: number, windowMs: number, stepMs: number): readonly number[] {
  const pace = new StreamPace(0, windowMs);
  const ends: number[] = [];
  for (let now = 0; ends.length < count; now += stepMs) {
    const due = pace.due(count - ends.length, now);
    for (let n = 0; n < due; n += 1) ends.push(now / windowMs);
  }
  return ends;
}

test("the ends lie evenly over the window, none beyond it", () => {
  const counts = fc.integer({ min: 20, max: 2_000 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1_000, max: 60_000 }), (count, windowMs) => {
      const ends = endsOf(count, windowMs, 20);
      expect(ends.at(-1)).toBeLessThanOrEqual(1 + 20 / windowMs);
      for (let tenth = 0; tenth < 10; tenth += 1) {
        const inside = ends.filter((at) => at >= tenth / 10 && at < (tenth + 1) / 10).length;
        // One more on either side, and what a step gathers.
        expect(inside).toBeLessThanOrEqual(count / 10 + 2 + (count * 40) / windowMs);
      }
    }),
  );
});

test("one stream ends inside the window, and two not together", () => {
  expect(endsOf(1, 1_000, 10)).toEqual([0.4]);
  const [first = 0, second = 0] = endsOf(2, 1_000, 10);
  expect(second - first).toBeGreaterThan(0.3);
});

test("streams that come late end within the window, and behind it at once", () => {
  const pace = new StreamPace(0, 1_000);
  expect(pace.due(0, 500)).toBe(0);
  expect(pace.due(3, 1_000)).toBe(3);
  expect(pace.isOver(1_000)).toBe(true);
  expect(pace.due(7, 5_000)).toBe(7);
});

test("when most leave by themselves the others keep their time", () => {
  const pace = new StreamPace(0, 1_000);
  let early = 0;
  for (let now = 0; now <= 500; now += 10) early += pace.due(100 - early, now);
  expect(early).toBeGreaterThan(45);
  expect(pace.due(2, 510)).toBeLessThanOrEqual(1);
});
