import { type Frozen, frozenText } from "@hitless/core";

/** A line while no release may begin; none while they may. */
export function frozenLines(frozen: Frozen | null): readonly string[] {
  return frozen === null ? [] : [`${frozenText(frozen)} (no release or restart begins)`];
}
