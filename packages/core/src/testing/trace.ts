import type { Decision } from "../model/decision.ts";
import type { Truth } from "./truth.ts";

/** One step of a run: what was decided (null: the controller came to harm) and what was so after it. */
export interface Step {
  readonly at: number;
  readonly decision: Decision | null;
  readonly truth: Truth;
}

/** A step, for people. */
export interface TraceLine {
  readonly at: number;
  readonly decision: string;
  readonly available: number;
  readonly total: number;
  readonly levels: Readonly<Record<number, number>>;
}

export function traceLine({ at, decision, truth }: Step): TraceLine {
  return {
    at,
    decision: decision === null ? "(came to harm)" : textOf(decision),
    available: truth.available,
    total: truth.total,
    levels: Object.fromEntries(truth.levels),
  };
}

/** Drops the oldest now and then, so that a long run does not hold all of it. */
export function forget(things: unknown[], kept = Number.POSITIVE_INFINITY): void {
  if (things.length > 2 * kept) things.splice(0, things.length - kept);
}

function textOf(decision: Decision): string {
  const detail = decision.kind === "mutate" ? ` ${JSON.stringify(decision.mutation)}` : "";
  return `${decision.kind} ${decision.why.kind}${detail}`;
}
