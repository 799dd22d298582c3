import type { Why } from "@hitless/core";
import { exampleMetric } from "@hitless/core/testing";
import { expect, it } from "vitest";
import { seen } from "../testing/seen-example.ts";
import { waitsFor } from "./waits-for.ts";

const held = (hold: string): Why => ({ kind: "held", waypoint: "preview", hold, detail: "" });

it.each<readonly [string, Why]>([
  ["person", held("approval")],
  ["person", held("sign-off of the database")],
  ["person", { kind: "paused", by: "alice", since: 0 }],
  ["time", held("time")],
  ["analysis", held("analysis")],
  ["data", { kind: "holdUndecided", waypoint: "canary 5 %", hold: "error-rate", detail: "" }],
  ["route", { kind: "routeBarrier", generation: 7, lagging: [] }],
  ["drain", { kind: "stopping", replicas: [] }],
  ["window", { kind: "windowClosed", release: 4, opensAt: null, detail: "" }],
  ["nothing", { kind: "scaling", revision: 2, from: 0, to: 1 }],
])("a release waits for: %s", (what, why) => {
  expect(waitsFor(why, { release: null, now: 0 })).toBe(what);
});

it.each([
  ["analysis", 59_999],
  ["evidence", 60_000],
])("waits for %s after %d ms of an analysis of a minute that is not decided", (what, ms) => {
  const { release } = seen().app;
  const hold = { kind: "analysis", ms: 60_000 } as const;
  const watched = { hold: [hold], metrics: [exampleMetric] };
  const plan = release?.plan.map((waypoint) => ({ ...waypoint, ...watched })) ?? [];
  const reached = { at: 1_000, requests: 0 };
  const waiting = release && { ...release, plan, reached };
  expect(waitsFor(held("analysis"), { release: waiting, now: 1_000 + ms })).toBe(what);
});
