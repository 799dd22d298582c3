import type { Release } from "@hitless/core";

type Standing = Pick<Release, "id" | "kind" | "from" | "to" | "direction" | "paused">;

/** Where a release under way stands: `release 3 (release): 2 → 3 · at "roll" · paused by ann`. */
export function describeRelease(release: Standing, waypoint = "finish"): string {
  const { id, kind, from, to, direction, paused } = release;
  const way = direction === "forward" ? `${from ?? "-"} → ${to}` : `back to ${from ?? "nothing"}`;
  const held = paused === null ? "" : ` · paused by ${paused.by}`;
  return `release ${id} (${kind}): ${way} · at "${waypoint}"${held}`;
}
