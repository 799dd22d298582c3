import type { CountsView, RevisionCounts, Sample } from "../model/metric.ts";

const nothing: RevisionCounts = { requests: 0, errors: 0, latency: [] };

/** Whose counts are taken; `stable` null: it gets no requests. */
export interface Sides {
  readonly canary: number;
  readonly stable: number | null;
}

/**
 * What both sides counted between two looks. Nothing when there was no look before, or when the count
 * has begun anew since: what came in between is not known, and is made up by nobody.
 */
export function countsSince(before: CountsView | null, now: CountsView, sides: Sides): Sample {
  const known = before !== null && before.epoch === now.epoch ? before : now;
  const between = (revision: number) =>
    difference(now.revisions[revision] ?? nothing, known.revisions[revision] ?? nothing);
  return {
    kind: "counts",
    canary: between(sides.canary),
    stable: sides.stable === null ? null : between(sides.stable),
  };
}

/** The counts of these revisions alone. */
export function countsOf(view: CountsView, { canary, stable }: Sides): CountsView {
  const wanted = [canary, stable].flatMap((n) => {
    const counts = n === null ? undefined : view.revisions[n];
    return n === null || counts === undefined ? [] : [[n, counts] as const];
  });
  return { epoch: view.epoch, revisions: Object.fromEntries(wanted) };
}

function difference(now: RevisionCounts, before: RevisionCounts): RevisionCounts {
  return {
    requests: Math.max(0, now.requests - before.requests),
    errors: Math.max(0, now.errors - before.errors),
    latency: now.latency.map((count, bucket) => Math.max(0, count - (before.latency[bucket] ?? 0))),
  };
}
