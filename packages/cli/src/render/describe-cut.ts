import { counted, type DrainTotals, noDrains } from "@hitless/core";

/**
 * What replicas cut when they were stopped, as the end of a cell: `; drains cut 3 requests (GET /slow 2)`
 * with the routes that hung. Empty when they cut nothing, or said nothing.
 */
export function describeCut({ cut, streams, hung }: DrainTotals = noDrains): string {
  const what = [...someOf(cut, "request"), ...someOf(streams.cut, "stream")];
  if (what.length === 0) return "";
  const routes = Object.entries(hung).map(([route, count]) => `${route} ${count}`);
  return `; drains cut ${what.join(" and ")}${routes.length === 0 ? "" : ` (${routes.join(", ")})`}`;
}

function someOf(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [counted(count, what)];
}
