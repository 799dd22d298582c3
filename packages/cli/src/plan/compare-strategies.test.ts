import { describe, expect, it } from "vitest";
import { renderComparison } from "../render/render-comparison.ts";
import { compareStrategies, type StrategyRow } from "./compare-strategies.ts";
import type { AppFacts } from "./costs.ts";

const file = { name: "shop", run: "node x.js", replicas: 4, probes: { readiness: { path: "/r" } } };
const facts: AppFacts = {
  replicas: 4,
  memoryBytes: 256 * 1024 * 1024,
  startSeconds: 5,
  startMeasured: false,
  rate: 300,
};

const rowOf = (name: StrategyRow["strategy"], given: unknown = file, known = facts) => {
  const row = compareStrategies(given, known).strategies.find((one) => one.strategy === name);
  if (row === undefined) throw new Error(`no row of ${name}`);
  return row;
};

describe("what a strategy costs", () => {
  it("is one replica more at a time, and a slow way back, where it rolls", () => {
    expect(rowOf("rolling")).toMatchObject({
      declared: true,
      extraReplicas: 1,
      seconds: 20,
      backSeconds: 20,
      warmSeconds: 0,
      exposed: null,
      judged: false,
      downSeconds: 0,
    });
  });

  it("is a second set of replicas where the way back is one route change, later too", () => {
    expect(rowOf("blueGreen")).toMatchObject({
      extraReplicas: 4,
      extraMemoryBytes: 1024 ** 3,
      seconds: 65,
      backSeconds: 0,
      warmSeconds: 600,
    });
  });

  it("is time where few meet a bad version, and more of them where its share is greater", () => {
    const { exposed, seconds, backSeconds } = rowOf("canary");
    // What the waypoints of 5 and 20 % get in their minute each, and no more than half of the third.
    expect(exposed).toBeGreaterThan(900);
    expect(exposed).toBeLessThan(900 + 3600 + 9000);
    expect(seconds).toBeGreaterThan(4 * 60);
    expect(backSeconds).toBe(0);
    const analysis = [{ metric: "error-rate", below: "1%" }];
    expect(rowOf("canary", { ...file, analysis }).exposed).toBeLessThan(exposed ?? 0);
  });

  it("is downtime where everybody stops first", () => {
    expect(rowOf("recreate")).toMatchObject({ extraReplicas: 0, downSeconds: 5, backSeconds: 5 });
  });

  it("is that of the app file for the strategy that it declares", () => {
    const strategy = { canary: { steps: [{ weight: 10 }, "approval"], keepWarm: "5m" } };
    expect(rowOf("canary", { ...file, strategy })).toMatchObject({
      declared: true,
      approvals: 1,
      warmSeconds: 300,
    });
    expect(rowOf("rolling", { ...file, strategy })).toMatchObject({ declared: false, seconds: 20 });
  });

  it("is known without a rate as far as that goes", () => {
    const unknown = rowOf("canary", file, { ...facts, rate: null, memoryBytes: null });
    expect(unknown.extraMemoryBytes).toBeNull();
    expect(unknown.exposed).toBeGreaterThan(0);
    expect(unknown.seconds).toBe(4 * 60 + 3 * 5);
  });
});

it.each([
  [[], "all, until a person acts", "a part at each step; no metric judges it, so a person has to"],
  [
    [{ command: "./errors.sh", below: 1 }],
    "until a metric finds it",
    "a part at each step, until a metric finds a bad version and it goes back by itself",
  ],
])("does not say how many meet a bad version where %j decides", (analysis, cell, reason) => {
  const lines = renderComparison(compareStrategies({ ...file, analysis }, facts)).split("\n");
  expect(lines.find((line) => line.startsWith("canary"))).toContain(cell);
  expect(lines.find((line) => line.startsWith("a risky change"))?.split(/ {2,}/)[2]).toBe(reason);
});

it("is shown with what fits what somebody wants", () => {
  const lines = renderComparison(compareStrategies(file, facts)).split("\n");

  expect(lines[1]).toBe(
    "rolling *  1 replica, 256 MiB  20 s                    20 s              a release                    all, until a person acts  -",
  );
  const scenarios = lines.filter((line) => line.startsWith("a")).map((line) => line.split(/ {2,}/));
  expect(scenarios.map(([scenario, strategy]) => [scenario, strategy])).toEqual([
    ["abTest", "4 replicas, 1 GiB"],
    ["a usual update, and replicas cost money", "rolling"],
    ["a critical path: back at once", "blueGreen"],
    ["a risky change: few meet it first", "canary"],
    ["an experiment on some users", "abTest"],
  ]);
  expect(lines).toContain(
    "reckoned with 4 replicas, 5 s until a replica is ready (not measured), 300 requests/s",
  );
});
