import { expect, it } from "vitest";
import { nearestKey, nearestKeys } from "./nearest-key.ts";

const keys = ["replicas", "run", "config", "periodSeconds"];

it.each([
  ["replica", "replicas"],
  ["repilcas", "replicas"],
  ["RUN", "run"],
  ["periodseconds", "periodSeconds"],
  ["confg", "config"],
  ["zebra", null],
  ["", null],
  ["x".repeat(10_000), null],
])("finds for %s the key %s", (written, meant) => {
  expect(nearestKey(written, keys)).toBe(meant);
});

it("gives so many of them, the nearest first, however far", () => {
  expect(nearestKeys("runs", keys, 2)).toEqual(["run", "config"]);
  expect(nearestKeys("zebra", keys, 9)).toHaveLength(keys.length);
});
