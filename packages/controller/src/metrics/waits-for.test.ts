import type { Why } from "@hitless/core";
import { expect, it } from "vitest";
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
  expect(waitsFor(why)).toBe(what);
});
