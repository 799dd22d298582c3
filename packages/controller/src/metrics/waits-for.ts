import type { Hold, Why } from "@hitless/core";

/** What a release waits for, in words that a rule can tell apart. */
export const waits = [
  "nothing",
  "person",
  "time",
  "requests",
  "analysis",
  "data",
  "replicas",
  "route",
  "drain",
  "hook",
  "window",
] as const;

/**
 * `nothing`: it acts · `person`: for `promote`, `resume` or a gate · `time`, `requests`, `analysis`:
 * a hold that opens by itself · `data`: something cannot be read or judged · `replicas`: starts ·
 * `route`: the data plane · `drain`: what leaves · `hook`: one that runs · `window`: it may not begin yet.
 */
export type WaitsFor = (typeof waits)[number];

const byHold: Readonly<Record<Hold["kind"], WaitsFor>> = {
  time: "time",
  requests: "requests",
  analysis: "analysis",
  approval: "person",
  gate: "person",
};

const byWhy: Partial<Record<Why["kind"], WaitsFor>> = {
  unobservable: "data",
  stale: "data",
  holdUndecided: "data",
  routeBarrier: "route",
  unrouting: "route",
  starting: "replicas",
  settling: "replicas",
  noCapacity: "replicas",
  stopping: "drain",
  paused: "person",
  hookRunning: "hook",
  windowClosed: "window",
  frozen: "window",
};

export function waitsFor(why: Why): WaitsFor {
  if (why.kind !== "held") return byWhy[why.kind] ?? "nothing";
  return isHoldKind(why.hold) ? byHold[why.hold] : "person";
}

function isHoldKind(hold: string): hold is Hold["kind"] {
  return Object.hasOwn(byHold, hold);
}
