import { compile, limitsOf, parseAppFile } from "@hitless/core";
import { expect, it } from "vitest";
import { costsOf } from "../plan/costs.ts";
import type { ReleasePlan } from "../plan/plan-of.ts";
import { standsOf } from "../plan/stands.ts";
import { verdictsOf } from "../plan/verdicts.ts";
import { waypointLines } from "./plan-waypoints.ts";

function planOf(strategy: unknown, rate: number | null): ReleasePlan {
  const replicas = 4;
  const file = { name: "shop", run: "x", replicas, strategy, probes: { readiness: { path: "/" } } };
  const parsed = parseAppFile(file);
  if (parsed.kind === "problems") throw new Error(parsed.problems[0]?.message);
  const waypoints = compile(parsed.spec.settings, { from: 1, warm: false });
  const stands = standsOf(waypoints, replicas);
  const facts = { replicas, memoryBytes: 1024, startSeconds: 1, startMeasured: true, rate };
  return {
    app: "shop",
    from: 1,
    changes: [],
    settings: [],
    replicas,
    waypoints,
    limits: waypoints.map((w) => limitsOf(w.pace, replicas)),
    facts,
    stands,
    costs: costsOf(waypoints, facts),
    verdicts: verdictsOf(stands, rate),
    warnings: [],
  };
}

it("shows routes, previews, holds and metrics, and what verdicts need at the rate of now", () => {
  const steps = [
    { weight: 0 },
    "approval",
    { weight: 20, analysis: "1m" },
    { weight: 50, requests: 9 },
  ];
  const lines = waypointLines(planOf({ canary: { steps, preview: { port: 8081 } } }, 100));

  const cells = lines.slice(0, 6).map((line) => line.split(/ {2,}/));
  expect(cells.map((row) => [row[0], row[3], row[6]])).toEqual([
    ["WAYPOINT", "REQUESTS", "WAITS FOR"],
    ["canary 0 %", "0 %", "approval, preview at port 8081"],
    [
      "canary 20 %",
      "20 %",
      "analysis of error-rate vs stable and latency-p95 vs stable for 1 min, preview at port 8081",
    ],
    [
      "canary 50 %",
      "50 %",
      "9 requests, watches error-rate vs stable and latency-p95 vs stable, preview at port 8081",
    ],
    ["bake", "100 %", "1 min, watches error-rate vs stable"],
    ["retire", "100 %", "-"],
  ]);
  expect(lines[6]).toBe("at most 8 replicas run at once, 2x of now, 4 KiB more");
  expect(lines[7]).toMatch(
    /^at "canary 20 %" error-rate vs stable needs 200 requests \(10 s\) to pass, about [\d,]+ requests \(.*\) to find .* errors where stable has 0\.1 %$/,
  );
});

it("leaves the time out where nobody knows the rate", () => {
  const lines = waypointLines(
    planOf({ canary: { steps: [{ weight: 20 }, { analysis: "1m" }] } }, null),
  );
  expect(lines.at(-1)).toMatch(/needs 200 requests to pass, about [\d,]+ requests to find/);
});
