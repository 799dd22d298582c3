import type { Hold, Release, Why } from "@hitless/core";
import { holdsOf } from "../api/hold-status.ts";

/** What a release waits for, in words that a rule can tell apart. */
export const waits = [
  "nothing",
  "person",
  "time",
  "requests",
  "analysis",
  "evidence",
  "data",
  "replicas",
  "route",
  "drain",
  "hook",
  "window",
] as const;

/**
 * `nothing`: it acts · `person`: for `promote`, `resume` or a gate · `time`, `requests`, `analysis`:
 * a hold that opens by itself · `evidence`: an analysis that has had its time · `data`: something cannot be read or judged · `replicas`: starts ·
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
  failing: "data",
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

export function waitsFor(
  why: Why,
  { release, now }: { readonly release: Release | null; readonly now: number },
): WaitsFor {
  if (why.kind !== "held") return byWhy[why.kind] ?? "nothing";
  if (!isHoldKind(why.hold)) return "person";
  const isLate = why.hold === "analysis" && release !== null && hadItsTime(release, now);
  return isLate ? "evidence" : byHold[why.hold];
}

/** Nobody knows how long the rest of the analysis takes: without requests for ever. */
function hadItsTime(release: Release, now: number): boolean {
  return holdsOf(release, { now, requests: null }).some(
    (hold) => hold.kind === "analysis" && !hold.open && hold.until !== null && now >= hold.until,
  );
}

function isHoldKind(hold: string): hold is Hold["kind"] {
  return Object.hasOwn(byHold, hold);
}
