import { expect, test } from "vitest";
import { parseAppFile } from "../app-file/index.ts";
import { requestSecondsAfterSignal } from "./drain-budget.ts";

const least = { name: "shop", run: "node x.js", probes: { readiness: { path: "/ready" } } };

test.each([
  ["the usual", {}, 30],
  ["a timeout of the app file", { timeoutSeconds: 12 }, 12],
  ["no time at all", { timeoutSeconds: 0 }, 0],
  ["a preStop, for which the default grace has room", { preStop: { sleepSeconds: 15 } }, 30],
  ["a delay, waited before the grace begins", { delaySeconds: 10 }, 30],
  ["a grace without room for more than the requests", { terminationGracePeriodSeconds: 30 }, 25],
  ["a longer one", { terminationGracePeriodSeconds: 60 }, 30],
  [
    "a preStop command that only sleeps",
    { preStop: { exec: ["sleep", "10"] }, terminationGracePeriodSeconds: 40 },
    25,
  ],
  [
    "a preStop command that takes who knows how long",
    { preStop: { exec: ["./leave"] }, terminationGracePeriodSeconds: 40 },
    30,
  ],
  ["a few seconds", { timeoutSeconds: 4, terminationGracePeriodSeconds: 4 }, 2],
])("what is left for requests after the stop signal: %s", (_what, drain, seconds) => {
  const parsed = parseAppFile({ ...least, drain });
  if (parsed.kind === "problems") throw new Error(parsed.problems[0]?.message);
  expect(requestSecondsAfterSignal(parsed.spec.content.drain)).toBe(seconds);
});
