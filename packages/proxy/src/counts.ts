import { addTraffic, noTraffic, type TrafficTotals } from "@hitless/core/traffic";
import { isRecord } from "./table.ts";
import { addCounters, type RevisionCounters } from "./worker/counters.ts";

/** Counters by revision number. */
export type ByRevision = Readonly<Record<string, Readonly<RevisionCounters>>>;

/** What a worker counted since it started, or several of them. */
export interface Counts {
  readonly totals: TrafficTotals;
  readonly revisions: ByRevision;
}

export const noCounts: Counts = { totals: noTraffic, revisions: {} };

/** Revisions that left the table keep their counters, the newest of them; that many in all. */
export const mostRevisions = 32;

export function addCounts(a: Counts, b: Counts): Counts {
  const revisions: Record<string, Readonly<RevisionCounters>> = { ...a.revisions };
  for (const [revision, counters] of Object.entries(b.revisions)) {
    const known = revisions[revision];
    revisions[revision] = known === undefined ? counters : addCounters(known, counters);
  }
  const newest = Object.entries(revisions)
    .sort(([one], [other]) => Number(other) - Number(one))
    .slice(0, mostRevisions);
  return {
    totals: addTraffic(a.totals, b.totals),
    revisions: Object.fromEntries(newest),
  };
}

/** Whether `value` can be added up. What a later version counts besides is ignored. */
export function isCounts(value: unknown): value is Counts {
  if (!isRecord(value) || !isRecord(value["totals"]) || !isRecord(value["revisions"])) return false;
  const { failed, cut } = value["totals"];
  const revisions = Object.values(value["revisions"]);
  return (
    isRecord(failed) &&
    isRecord(cut) &&
    revisions.every((one) => isRecord(one) && Array.isArray(one["latency"]))
  );
}
