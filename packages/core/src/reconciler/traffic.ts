import type { App } from "../model/app.ts";
import { drainsBetween } from "../model/drains.ts";
import type { EngineView } from "../model/observed.ts";
import type { Release } from "../model/release.ts";
import { addTraffic, noTraffic, type TrafficView, trafficBetween } from "../model/traffic.ts";

/** What there is to account for. A trace of an older version has no `drains`. */
type Counted = Pick<EngineView, "traffic"> & Partial<Pick<EngineView, "drains">>;

/**
 * Adds to the release under way what has been counted since the last look: by the data plane, and by
 * replicas that have ended. The look goes into the release with it: whoever takes up an older state
 * counts the same once.
 */
export function account(app: App, seen: Counted): App {
  const { release } = app;
  if (release === null) return app;
  const more = { ...trafficOf(release, seen), ...drainsOf(release, seen) };
  if (Object.keys(more).length === 0) return app;
  return { ...app, release: { ...release, ...more } };
}

function trafficOf(release: Release, { traffic }: Counted): Pick<Release, "traffic"> {
  if (traffic.kind === "unknown") return {};
  const seen = traffic.value;
  const before = release.traffic;
  // What was counted before the first look is not the release's.
  const counted =
    before === undefined ? noTraffic : addTraffic(before.counted, since(before.seen, seen));
  return { traffic: { counted, seen } };
}

function since(before: TrafficView, now: TrafficView) {
  if (before.epoch === now.epoch) return trafficBetween(before.totals, now.totals);
  // What the count that ended had counted after the last look is gone.
  return { ...now.totals, gaps: now.totals.gaps + 1 };
}

function drainsOf(release: Release, { drains }: Counted): Pick<Release, "drains"> {
  if (drains?.kind !== "known") return {};
  const before = release.drains?.before ?? drains.value;
  return { drains: { counted: drainsBetween(before, drains.value), before } };
}
