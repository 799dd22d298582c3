import type { ReleaseRecord } from "@hitless/core";

/** What the replica that failed a release wrote last, each line behind a bar; none for other ends. */
export function logLinesOf({ reason }: Pick<ReleaseRecord, "reason">): readonly string[] {
  if (reason === null || !("evidence" in reason)) return [];
  return reason.evidence.lastLogLines.map((line) => `  | ${line}`);
}
