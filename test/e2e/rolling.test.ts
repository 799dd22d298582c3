import { expect, it } from "vitest";
import { describe, traceRolling } from "../bed/rolling-trace.ts";

it("adds a replica, then removes one, and never has fewer ready than wanted", async () => {
  const trace = await traceRolling({
    replicas: 3,
    maxSurge: 1,
    maxUnavailable: 0,
    rounded: { surge: 1, unavailable: 0 },
  });
  expect(trace.faults).toEqual([]);
  expect(describe(trace.levels)).toBe("3+0 3+1 2+1 2+2 1+2 1+3 0+3");
  expect(trace.fewestAvailable).toBe(3);
});

it("rounds a percentage of surge up and one of unavailable down", async () => {
  const trace = await traceRolling({
    replicas: 3,
    maxSurge: "34%",
    maxUnavailable: "34%",
    rounded: { surge: 2, unavailable: 1 },
  });
  expect(trace.faults).toEqual([]);
  // By the event log: what lasts for moments only is sampled by the proof, which is alone.
  expect(Math.max(...trace.levels.map((level) => level.old + level.new))).toBe(5);
  expect(describe(trace.levels)).toMatch(/^3\+0 3\+2 2\+2 /);
});
