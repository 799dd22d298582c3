import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replayTrace } from "./replay.ts";

/** Recorded from real controllers (`npm run prove -- replay --renew`), times and names taken away. */
const folder = join(import.meta.dirname, "traces");
const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));

test.each(names)("decides today as the controller did that recorded %s", (name) => {
  const report = replayTrace(readFileSync(join(folder, name), "utf8").split("\n"));
  expect(report.differences).toEqual([]);
  expect(report.turns).toBeGreaterThan(5);
  expect(report.mutations).toBeGreaterThan(0);
});

test("there are traces to replay", () => {
  expect(names.length).toBeGreaterThanOrEqual(3);
});
