import { setTimeout as after } from "node:timers/promises";
import { expect, test } from "vitest";
import { inTurns } from "./in-turns.ts";

test("keeps the order of the tasks, and runs at most so many at a time", async () => {
  let running = 0;
  let most = 0;
  const tasks = [30, 1, 20, 1, 10].map((ms) => async () => {
    running += 1;
    most = Math.max(most, running);
    await after(ms);
    running -= 1;
    return ms;
  });
  expect(await inTurns(tasks, 2)).toEqual([30, 1, 20, 1, 10]);
  expect(most).toBe(2);
});

test("begins nothing after a failure, and fails once what ran has ended", async () => {
  const ended: string[] = [];
  const failing = async () => {
    throw new Error("the first");
  };
  const slow = async () => {
    await after(20);
    ended.push("slow");
  };
  const late = async () => {
    ended.push("late");
  };
  await expect(inTurns([failing, slow, late, late], 2)).rejects.toThrowError("the first");
  expect(ended).toEqual(["slow"]);
});
