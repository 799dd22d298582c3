import { afterEach, expect, test, vi } from "vitest";
import { ClockWatch } from "./clock-watch.ts";

afterEach(() => vi.restoreAllMocks());

function clocks() {
  const at = { wall: 1_000_000, steady: 500 };
  vi.spyOn(Date, "now").mockImplementation(() => at.wall);
  vi.spyOn(performance, "now").mockImplementation(() => at.steady);
  return at;
}

test("time that passes on both clocks, and ordinary drift, is no gap", () => {
  const at = clocks();
  const watch = new ClockWatch();
  for (let second = 0; second < 60; second += 1) {
    at.wall += 1010;
    at.steady += 1000;
    watch.tick();
  }
  expect(watch.gap()).toBe(0);
});

test("a jump of the wall clock is told once, with its sign", () => {
  const at = clocks();
  const watch = new ClockWatch();
  at.wall += 3_600_000;
  expect(watch.gap()).toBe(3_600_000);
  expect(watch.gap()).toBe(0);
  at.wall -= 7_200_000;
  expect(watch.gap()).toBe(-7_200_000);
});

test("the time in which this process was stopped is told once, on top of a jump", () => {
  const at = clocks();
  const watch = new ClockWatch();
  at.wall += 3_600_000;
  at.steady += 3_600_000;
  expect(watch.gap()).toBe(3_600_000);
  expect(watch.gap()).toBe(0);
  at.wall += 60_000 - 86_400_000;
  at.steady += 60_000;
  expect(watch.gap()).toBe(60_000 - 86_400_000);
});
