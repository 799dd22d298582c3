import type { App } from "../../model/app.ts";
import type { Release } from "../../model/release.ts";

/** Where an app can stand, as coverage counts it: the kinds of waypoints, each way, rest, and before a release. */
export const stages = [
  "steady",
  "pending",
  "first",
  "expand",
  "roll",
  "stop",
  "start",
  "preview",
  "checks",
  "switch",
  "step",
  "bake",
  "compare",
  "winner",
  "after",
  "retire",
  "contract",
  "finish",
  "leave",
  "back",
  "told",
  "returned",
] as const;
export type Stage = (typeof stages)[number];

const known: ReadonlySet<string> = new Set(stages);

/** Where the app stands or moves to. */
export function stageOf({ release, pending }: App): Stage {
  if (release === null) return pending === null ? "steady" : "pending";
  return release.direction === "back" ? stageBack(release) : stageForward(release);
}

function stageForward(release: Release): Stage {
  const at = release.plan[release.cursor];
  if (at === undefined) return "finish";
  if (at.schema === null && release.from === null) return "first";
  if (at.id.startsWith("checks")) return "checks";
  // Behind hooks that have followed the switch.
  if (at.id.startsWith("after ")) return "after";
  return isStage(at.id) ? at.id : "step";
}

/** `returned`: past the waypoints of the way back, only the finish is left. */
function stageBack(release: Release): Stage {
  const at = release.back[release.cursor];
  if (at === undefined) return "returned";
  return at.id === "leave" || at.id === "told" ? at.id : "back";
}

function isStage(id: string): id is Stage {
  return known.has(id);
}
