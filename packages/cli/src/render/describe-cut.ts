import { type DrainTotals, noDrains } from "@hitless/core";

/**
 * What replicas cut when they were stopped, as the end of a cell: `; drains cut 3 requests (GET /slow 2)`
 * with the routes that hung. Empty when they cut nothing, or said nothing.
 */
export function describeCut({ cut, streams, hung }: DrainTotals = noDrains): string {
  const what = [...counted(cut, "request"), ...counted(streams.cut, "stream")];
  if (what.length === 0) return "";
  const routes = Object.entries(hung).map(([route, count]) => `${route} ${count}`);
  return `; drains cut ${what.join(" and ")}${routes.length === 0 ? "" : ` (${routes.join(", ")})`}`;
}

function counted(count: number, what: string): readonly string[] {
  if (count === 0) return [];
  return [`${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`];
}
