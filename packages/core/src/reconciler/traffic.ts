import type { App } from "../model/app.ts";
import type { EngineView } from "../model/observed.ts";
import { addTraffic, noTraffic, type TrafficView, trafficBetween } from "../model/traffic.ts";

/**
 * Adds what the data plane has counted since the last look to the release under way. The look goes
 * into the release with it: whoever takes up an older state counts the same requests, once.
 */
export function account(app: App, { traffic }: Pick<EngineView, "traffic">): App {
  const { release } = app;
  if (release === null || traffic.kind === "unknown") return app;
  const seen = traffic.value;
  const before = release.traffic;
  // What was counted before the first look is not the release's.
  const counted =
    before === undefined ? noTraffic : addTraffic(before.counted, since(before.seen, seen));
  return { ...app, release: { ...release, traffic: { counted, seen } } };
}

function since(before: TrafficView, now: TrafficView) {
  if (before.epoch === now.epoch) return trafficBetween(before.totals, now.totals);
  // What the count that ended had counted after the last look is gone.
  return { ...now.totals, gaps: now.totals.gaps + 1 };
}
