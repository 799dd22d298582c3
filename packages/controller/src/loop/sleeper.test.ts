import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { Sleeper } from "./sleeper.ts";

const never = new AbortController().signal;
const far = () => Date.now() + 60_000;

test("a wake-up between arming and sleeping is not lost", async () => {
  const sleeper = new Sleeper();
  sleeper.arm();
  sleeper.wake();
  await sleeper.until(far(), never);
});

test("a wake-up from before arming does not count", async () => {
  const sleeper = new Sleeper();
  sleeper.wake();
  sleeper.arm();
  const at = Date.now() + 30;
  await sleeper.until(at, never);
  expect(Date.now()).toBeGreaterThanOrEqual(at - 1);
});

test("wakes from sleep when woken or called off, and leaves no listener", async () => {
  const sleeper = new Sleeper();
  const stop = new AbortController();
  sleeper.arm();
  const first = sleeper.until(far(), stop.signal);
  sleeper.wake();
  await first;
  sleeper.arm();
  const second = sleeper.until(far(), stop.signal);
  stop.abort();
  await second;
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  await sleeper.until(far(), stop.signal);
});

test("sleeps for months without spinning: a timer cannot be set that far", async () => {
  const sleeper = new Sleeper();
  sleeper.arm();
  const stop = new AbortController();
  const outcome = await Promise.race([
    sleeper.until(Date.now() + 90 * 24 * 3_600_000, stop.signal).then(() => "woke"),
    sleepsFor(50),
  ]);
  stop.abort();
  expect(outcome).toBe("sleeps");
});

async function sleepsFor(ms: number): Promise<string> {
  const other = new Sleeper();
  other.arm();
  await other.until(Date.now() + ms, never);
  return "sleeps";
}
