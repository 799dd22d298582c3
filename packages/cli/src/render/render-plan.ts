import type { LeafChange } from "@hitless/core";
import type { ReleasePlan } from "../plan/plan-of.ts";
import { waypointLines } from "./plan-waypoints.ts";
import { shortJson } from "./short-json.ts";

/** The plan for people: what changes, then where the release will stand, step by step. */
export function renderPlan(plan: ReleasePlan): string {
  const head =
    plan.from === null ? `${plan.app}: first release` : `${plan.app}: from revision ${plan.from}`;
  const lines = [head, ...changeLines(plan)];
  if (plan.changes.length > 0) {
    lines.push("", ...waypointLines(plan));
  }
  for (const warning of plan.warnings) lines.push(`warning: ${warning}`);
  return lines.join("\n");
}

function changeLines(plan: ReleasePlan): readonly string[] {
  if (plan.from === null) return ["  everything is new"];
  const lines = [
    ...plan.changes.map((c) => `  ${describe(c)}`),
    ...plan.settings.map((c) => `  ${describe(c)} (${effectOf(c)})`),
  ];
  return lines.length === 0 ? ["  nothing to do"] : lines;
}

/** What a release does with a changed setting. */
function effectOf({ path }: LeafChange): string {
  if (path === "host" || path === "port") return "refused while it runs: `hitless down`, then `up`";
  return "setting: applied without a revision";
}

function describe(change: LeafChange): string {
  return `${change.path}: ${show(change.before)} → ${show(change.after)}`;
}

function show(value: unknown): string {
  return value === undefined ? "-" : shortJson(value);
}
