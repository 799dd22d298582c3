import { expect, it } from "vitest";
import { nearestKey } from "./nearest-key.ts";

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
