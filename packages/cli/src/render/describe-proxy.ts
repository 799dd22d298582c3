import { z } from "zod";

const engineShape = z.object({
  proxy: z.object({
    workers: z.array(z.object({ leaving: z.boolean() })),
    answeredByProxy: z.record(z.string(), z.number()),
  }),
});

/**
 * A line about the proxy when there is something to know: several workers, or answers of its own
 * (by the reason that the client was told, most of them first). None for an engine that has no such proxy.
 */
export function proxyLines(engine: unknown): readonly string[] {
  const found = engineShape.safeParse(engine);
  if (!found.success) return [];
  const { workers, answeredByProxy } = found.data.proxy;
  const parts = [workersIn(workers), ownAnswersIn(answeredByProxy)].filter((text) => text !== "");
  return parts.length === 0 ? [] : [`proxy: ${parts.join("; ")}`];
}

function workersIn(workers: readonly { readonly leaving: boolean }[]): string {
  const leaving = workers.filter((worker) => worker.leaving).length;
  if (workers.length <= 1) return "";
  return leaving === 0
    ? `${workers.length} workers`
    : `${workers.length - leaving} workers, ${leaving} leaving`;
}

function ownAnswersIn(counts: Readonly<Record<string, number>>): string {
  const said = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`);
  return said.length === 0 ? "" : `answered by itself: ${said.join(", ")}`;
}
