import type { StatusReport } from "@hitless/controller";
import {
  describeFailure,
  describeOutcome,
  describeWhy,
  type Failure,
  type Why,
} from "@hitless/core";
import { frozenLines } from "./describe-frozen.ts";
import { maintenanceLines } from "./describe-maintenance.ts";
import { logLinesOf } from "./log-lines-of.ts";

/** `why` is null while no controller runs: nothing is waited for. */
export interface Reasons extends Pick<StatusReport, "lastRelease" | "maintenance" | "frozen"> {
  readonly why: Why | null;
  readonly whySince: number | null;
  readonly release: { readonly id: number; readonly reason: Failure | null } | null;
  /** Where the release under way stands while no controller runs; absent when there is none. */
  readonly unfinished?: string;
}

/** What is being waited for, and how the last release ended. `now` in ms since the epoch. */
export function renderWhy(reasons: Reasons, now: number): string {
  const lines = [
    `now: ${renderNow(reasons, now)}`,
    ...maintenanceLines(reasons.maintenance),
    ...frozenLines(reasons.frozen),
  ];
  if (reasons.unfinished !== undefined) {
    lines.push(`${reasons.unfinished} · not finished: \`hitless up --detach\` brings it on`);
  }
  const reason = reasons.release?.reason;
  if (reason)
    lines.push(`release ${reasons.release?.id} is on its way back: ${describeFailure(reason)}`);
  const last = reasons.lastRelease;
  if (last !== null) {
    const because = last.reason === null ? "" : `: ${describeFailure(last.reason)}`;
    lines.push(
      `release ${last.id} to revision ${last.to} ${describeOutcome(last.outcome)}${because}`,
    );
    lines.push(...logLinesOf(last));
  }
  return lines.join("\n");
}

function renderNow({ why, whySince }: Reasons, now: number): string {
  if (why === null || whySince === null) {
    return "nobody decides: no controller runs; `hitless up --detach` starts one";
  }
  const text = describeWhy(why, now);
  return why.kind === "steady" || "since" in why
    ? text
    : `${text} (for ${Math.round((now - whySince) / 1000)} s)`;
}
