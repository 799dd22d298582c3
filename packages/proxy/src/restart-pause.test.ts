import { expect, test } from "vitest";
import { RestartPause } from "./restart-pause.ts";

test("who keeps dying is started after longer and longer pauses, up to two seconds", () => {
  const pause = new RestartPause();
  const pauses = Array.from({ length: 8 }, () => pause.after(10));
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
});

test("who served is replaced at once, however often it is killed, and so is who lived for a second", () => {
  const pause = new RestartPause();
  expect([1, 2, 3, 4].map(() => pause.after(300, true))).toEqual([0, 0, 0, 0]);
  pause.after(10);
  expect([pause.after(1_000), pause.after(10)]).toEqual([0, 50]);
});
